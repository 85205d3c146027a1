//! The long tests: the workspace's tests with everything that the usual run leaves out.

use std::io;
use std::process::{Command, ExitCode};

/// The variable that makes the tests run in full: every fault, long property runs, crash tests.
const LONG_TESTS: &str = "LONG_TESTS";

/// Runs `cargo test` over the workspace with long tests, and passes on how it ended.
pub fn run_long_tests() -> io::Result<ExitCode> {
    let arguments = ["test", "--workspace", "--locked"];
    println!("{LONG_TESTS}=1 cargo {}", arguments.join(" "));
    let status = Command::new("cargo").args(arguments).env(LONG_TESTS, "1").status()?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
