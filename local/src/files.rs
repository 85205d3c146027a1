//! The files of the local run: the table, the keys of its sources, the environment for `sam local`.
//!
//! Invariant: they lie in one folder of the workspace whatever folder the command is called from, and only their owner
//! can read them, because they hold keys and the names of machines.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// Whoever owns a file may read and write it; others may not.
const OWNER_ONLY: u32 = 0o600;
/// The same for a folder.
const OWNER_ONLY_FOLDER: u32 = 0o700;

/// The folder of the clone that this program was built in.
pub fn workspace() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_owned()
}

/// The folder of the local run's files.
pub fn folder() -> PathBuf {
    workspace().join(".local")
}

/// A file as it was named, or the file of that name in the workspace if there is none here.
pub fn find(path: &Path) -> PathBuf {
    let in_workspace = workspace().join(path);
    if !path.exists() && in_workspace.exists() { in_workspace } else { path.to_owned() }
}

/// Makes a file, and the folder it lies in, unless they are there. What it holds stays.
pub fn make(path: &Path) -> io::Result<()> {
    open(path).map(drop)
}

/// Writes a file, and makes the folder that it lies in.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = open(path)?;
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

/// A file that only its owner can read, also if it was another's to read before.
fn open(path: &Path) -> io::Result<fs::File> {
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(folder)?;
    }
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(OWNER_ONLY).open(path)?;
    file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    Ok(file)
}
