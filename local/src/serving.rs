//! Which runs serve on this machine, and with which sources: so that `cargo local send` needs to be told neither.
//!
//! Invariant: a file of the folder stands for a run by its port. One whose run has ended without taking it away is taken
//! away by the next run.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::files;

/// How long a run may take to accept a connection. On this machine it takes microseconds.
const ACCEPTED_WITHIN: Duration = Duration::from_millis(200);

/// The entry of one run. It goes when this is dropped.
#[derive(Debug)]
pub struct ServingEntry(PathBuf);

impl ServingEntry {
    /// Notes that a run serves on this port with the sources of this file.
    pub fn write(port: u16, sources: &Path) -> io::Result<Self> {
        for (file, _) in entries().into_iter().filter(|(_, port)| !answers(*port)) {
            fs::remove_file(file)?;
        }
        let file = folder().join(port.to_string());
        files::write(&file, &std::path::absolute(sources)?.to_string_lossy())?;
        Ok(Self(file))
    }
}

impl Drop for ServingEntry {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// The port of the run that began to serve last.
pub fn latest() -> Option<u16> {
    let began = |file: &Path| fs::metadata(file).and_then(|file| file.modified()).ok();
    entries()
        .into_iter()
        .filter(|(_, port)| answers(*port))
        .max_by_key(|(file, _)| began(file))
        .map(|(_, port)| port)
}

/// The sources of the run that serves on this port.
pub fn sources(port: u16) -> Option<PathBuf> {
    fs::read_to_string(folder().join(port.to_string())).ok().map(PathBuf::from)
}

fn folder() -> PathBuf {
    files::folder().join("serving")
}

/// Each run's file, and its port.
fn entries() -> Vec<(PathBuf, u16)> {
    let files = fs::read_dir(folder()).into_iter().flatten().flatten().map(|entry| entry.path());
    files.filter_map(|file| Some((file.clone(), file.file_name()?.to_str()?.parse().ok()?))).collect()
}

fn answers(port: u16) -> bool {
    TcpStream::connect_timeout(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)), ACCEPTED_WITHIN).is_ok()
}
