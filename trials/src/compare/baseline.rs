//! The Python that the baseline runs in, with its packages.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A Python in `target/` with the packages of `trials/baseline/requirements.txt`. It is made if it is missing.
pub(super) fn install_python() -> io::Result<PathBuf> {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = package.join("../target/baseline");
    let python = folder.join("bin/python");
    if !python.exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&folder))?;
    }
    let install = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--requirement"];
    run(Command::new(&python).args(install).arg(package.join("baseline/requirements.txt")))?;
    std::path::absolute(python)
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{command:?}: {status}"))) }
}
