//! A subject of a measurement: a function's process under a Runtime API.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use serde_json::Value;
use simulator::aws::runtime_api::{DEADLINE_MS, RuntimeApi};
use tokio::process::Command;

use super::process::{ChildProcess, MemoryKind};

/// Longest wait for a start or an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What Lambda has in every function's environment, beside the Runtime API's address.
const LAMBDA: [(&str, &str); 7] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
    ("AWS_LAMBDA_FUNCTION_NAME", "relay"),
    ("AWS_LAMBDA_FUNCTION_VERSION", "1"),
    ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
];

/// How to start a subject.
#[derive(Clone, Debug)]
pub struct Subject {
    /// Its name in the table.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// The program's arguments.
    pub arguments: Vec<String>,
    /// The folder the program runs in.
    pub folder: PathBuf,
}

/// A subject that runs.
pub(crate) struct RunningSubject {
    api: RuntimeApi,
    process: ChildProcess,
    /// Microseconds from its start to its first request for an event.
    pub(crate) ready_us: i64,
}

impl Subject {
    /// This relay, by its binary.
    pub fn this_relay(binary: &Path) -> Self {
        let program = binary.to_owned();
        Self { name: "this relay", program, arguments: Vec::new(), folder: PathBuf::from(".") }
    }

    /// A module of `trials/baseline/`, run by this Python.
    pub fn python(name: &'static str, python: &Path, module: &str) -> Self {
        let arguments = ["-m", "awslambdaric", &format!("{module}.handler")].map(str::to_owned).into();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline");
        Self { name, program: python.to_owned(), arguments, folder }
    }

    /// Whether the subject is this relay, which has a schedule.
    pub(crate) fn is_this_relay(&self) -> bool {
        self.arguments.is_empty()
    }

    /// Starts a process and waits until it asks for its first event.
    pub(crate) async fn start(&self, variables: &Variables) -> Result<RunningSubject, Error> {
        let clock = Clock::system();
        let mut api = RuntimeApi::start(true, DEADLINE_MS, Box::new(move || clock.now().ms())).await?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear().envs(variables);
        command.envs(LAMBDA).env("AWS_LAMBDA_RUNTIME_API", &api.address);
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let elapsed_us = stopwatch();
        let process = ChildProcess::start(&mut command)?;
        tokio::time::timeout(PATIENCE, api.until_ready()).await?;
        Ok(RunningSubject { api, process, ready_us: elapsed_us() })
    }
}

impl RunningSubject {
    /// The status of the answer to an event, and the microseconds until the answer came.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<(u16, i64), Error> {
        let elapsed_us = stopwatch();
        let answer = tokio::time::timeout(PATIENCE, self.api.invoke(event)).await?;
        let answer = answer.ok_or("the function has ended")?;
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        Ok((status.unwrap_or_default(), elapsed_us()))
    }

    /// The processor time so far, in microseconds.
    pub(crate) fn cpu_us(&self) -> Result<u64, Error> {
        self.process.cpu_us()
    }

    /// The resident memory, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.process.memory_kib(MemoryKind::Resident).unwrap_or_default()
    }

    /// The resident memory that no other process shares, in KiB.
    pub(crate) fn own_memory_kib(&self) -> u64 {
        self.process.memory_kib(MemoryKind::Own).unwrap_or_default()
    }

    /// Kills the process with SIGKILL.
    pub(crate) async fn kill(&mut self) -> std::io::Result<()> {
        self.process.kill().await
    }
}

/// Returns the microseconds since it was made.
#[expect(clippy::disallowed_methods, reason = "what is measured is shorter than the clock's milliseconds")]
fn stopwatch() -> impl Fn() -> i64 {
    let began = tokio::time::Instant::now();
    move || i64::try_from(began.elapsed().as_micros()).unwrap_or(i64::MAX)
}
