//! The Python that the baseline runs in, with its packages.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python in `target/` with the packages of `trials/baseline/requirements.txt`, made if it is not there.
pub fn python() -> io::Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("target/baseline");
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(install).arg(root.join("trials/baseline/requirements.txt")))?;
    std::path::absolute(python)
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}
