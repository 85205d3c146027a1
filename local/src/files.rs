//! The files of the local run: the table, the keys of its sources, the environment for `sam local`.
//!
//! Invariant: they lie in one folder of the workspace whatever folder the command is called from, and only their owner
//! can read them, because they hold keys and the names of machines. A file is written whole or not at all.

use std::fs::{self, DirBuilder, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

/// The owner of a file may read and write it; nobody else may.
const OWNER_ONLY: u32 = 0o600;
/// The same for a folder.
const OWNER_ONLY_FOLDER: u32 = 0o700;
/// What `SQLite` adds to the name of a table's file for the files beside it.
const BESIDE_A_TABLE: [&str; 3] = ["-wal", "-shm", "-journal"];

/// The folder of the clone that this program was built in.
pub fn workspace() -> PathBuf {
    let crate_folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    crate_folder.parent().unwrap_or(crate_folder).to_owned()
}

/// The folder of the local run's files.
pub fn folder() -> PathBuf {
    workspace().join(".local")
}

/// Returns the path as it was given if the file exists, or the same path in the workspace if the file exists there.
pub fn find(path: &Path) -> PathBuf {
    let in_workspace = workspace().join(path);
    if !path.exists() && in_workspace.exists() { in_workspace } else { path.to_owned() }
}

/// Makes the file of a table, and the folder it lies in, unless they are there. What it holds stays.
pub fn make_table(path: &Path) -> io::Result<()> {
    make_folder_of(path)?;
    OpenOptions::new().append(true).create(true).mode(OWNER_ONLY).open(path)?;
    hide(path)?;
    for suffix in BESIDE_A_TABLE {
        let beside = PathBuf::from(format!("{}{suffix}", path.display()));
        if beside.exists() {
            hide(&beside)?;
        }
    }
    Ok(())
}

/// Writes a file, and makes the folder that it lies in.
pub fn write(path: &Path, text: &str) -> io::Result<()> {
    make_folder_of(path)?;
    let unfinished = PathBuf::from(format!("{}.{}", path.display(), uuid::Uuid::new_v4().simple()));
    let mut file = OpenOptions::new().write(true).create_new(true).mode(OWNER_ONLY).open(&unfinished)?;
    file.write_all(text.as_bytes())?;
    fs::rename(unfinished, path)
}

/// Lets nobody but the owner read a file that is there.
pub fn hide(path: &Path) -> io::Result<()> {
    fs::set_permissions(path, Permissions::from_mode(OWNER_ONLY))
}

fn make_folder_of(path: &Path) -> io::Result<()> {
    let Some(parent) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) else { return Ok(()) };
    DirBuilder::new().recursive(true).mode(OWNER_ONLY_FOLDER).create(parent)?;
    if parent == folder() {
        fs::set_permissions(parent, Permissions::from_mode(OWNER_ONLY_FOLDER))?;
    }
    Ok(())
}
