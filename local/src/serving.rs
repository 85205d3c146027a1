//! The runs with the simulator that serve in this workspace, and their sources. `cargo local send` and `check` read this.
//!
//! Invariant: each run has an entry of its own, a file that it keeps locked while it lives. An entry that is not locked is
//! of a run that has ended, and is ignored.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use uuid::Uuid;

use crate::files;

/// The relay's port, unless another one is given.
pub const USUAL_PORT: u16 = 8080;
/// Seconds within which a run has locked its entry.
const YOUNG_S: u64 = 5;

/// The entry of a run. It goes when this is dropped.
#[derive(Debug)]
pub struct ServingEntry {
    path: PathBuf,
    /// Its lock ends with the process.
    _locked: File,
}

/// A run that serves now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServingRun {
    /// The relay's port on this machine.
    pub port: u16,
    /// The file with its sources.
    pub sources: PathBuf,
    /// The file with its table, if it is in a file.
    pub data: Option<PathBuf>,
}

impl ServingEntry {
    /// Notes that this process serves.
    pub fn write(run: &ServingRun) -> io::Result<Self> {
        let path = folder().join(Uuid::new_v4().simple().to_string());
        let entry = json!({ "port": run.port, "sources": run.sources, "data": run.data });
        files::write(&path, &entry.to_string())?;
        let locked = File::open(&path)?;
        locked.lock()?;
        Ok(Self { path, _locked: locked })
    }
}

impl Drop for ServingEntry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.path);
    }
}

/// The runs that serve now, the one that began last first. The entries of dead runs are taken away.
pub fn runs() -> Vec<ServingRun> {
    let entries = fs::read_dir(folder()).into_iter().flatten().flatten().map(|entry| entry.path());
    let mut alive: Vec<_> = entries.filter_map(|path| living(&path)).collect();
    alive.sort_by_key(|(began_at, _)| std::cmp::Reverse(*began_at));
    alive.into_iter().map(|(_, run)| run).collect()
}

/// When the run of an entry began, and the run, if it lives.
fn living(path: &Path) -> Option<(std::time::SystemTime, ServingRun)> {
    let file = File::open(path).ok()?;
    match file.try_lock_shared() {
        Err(TryLockError::WouldBlock) => {}
        // A run writes its entry before it locks it, so a young one may be about to.
        Ok(()) if is_young(&file) => return None,
        Ok(()) | Err(TryLockError::Error(_)) => {
            let _ = fs::remove_file(path);
            return None;
        }
    }
    let entry: Value = serde_json::from_str(&fs::read_to_string(path).ok()?).ok()?;
    let run = ServingRun {
        port: u16::try_from(entry["port"].as_u64()?).ok()?,
        sources: entry["sources"].as_str()?.into(),
        data: entry["data"].as_str().map(PathBuf::from),
    };
    Some((file.metadata().ok()?.modified().ok()?, run))
}

/// Whether a file was written within the last seconds.
fn is_young(file: &File) -> bool {
    let written_at = file.metadata().and_then(|about| about.modified()).ok();
    written_at.and_then(|at| at.elapsed().ok()).is_some_and(|age| age.as_secs() < YOUNG_S)
}

fn folder() -> PathBuf {
    files::folder().join("serving")
}
