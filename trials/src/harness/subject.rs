//! A contestant: a function's process under a Runtime API.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use serde_json::Value;
use tokio::process::{Child, Command};

use super::process;
use local::runtime_api::{DEADLINE_MS, RuntimeApi};

/// Longest wait for a start or an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a contestant is made of.
#[derive(Clone, Debug)]
pub struct Contestant {
    /// What it is called in the table.
    pub name: &'static str,
    /// The program.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<String>,
    /// The folder it runs in.
    pub folder: PathBuf,
}

/// One that runs.
pub(crate) struct Running {
    api: RuntimeApi,
    process: Child,
    /// Microseconds from its start to its first wish for an event.
    pub(crate) ready_us: i64,
}

impl Contestant {
    /// This relay, by its binary.
    pub fn ours(binary: &Path) -> Self {
        let (program, folder) = (binary.to_owned(), PathBuf::from("."));
        Self { name: "this relay", program, arguments: Vec::new(), folder }
    }

    /// A module of `trials/baseline/`, run by this Python.
    pub fn python(name: &'static str, python: &Path, module: &str) -> Self {
        let arguments = ["-m", "awslambdaric", &format!("{module}.handler")].map(str::to_owned).into();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline");
        Self { name, program: python.to_owned(), arguments, folder }
    }

    /// Whether it is this relay, which has a schedule.
    pub(crate) fn is_ours(&self) -> bool {
        self.arguments.is_empty()
    }

    pub(crate) async fn start(&self, variables: &Variables) -> Result<Running, Error> {
        let clock = Clock::system();
        let mut api = RuntimeApi::start(true, DEADLINE_MS, Box::new(move || clock.now().ms())).await?;
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).current_dir(&self.folder).env_clear().envs(variables);
        command.envs(process::LAMBDA).env("AWS_LAMBDA_RUNTIME_API", &api.address);
        command.env("PYTHONDONTWRITEBYTECODE", "1").stdout(Stdio::null()).stderr(Stdio::null());
        let began = process::stopwatch();
        let process = command.kill_on_drop(true).spawn()?;
        tokio::time::timeout(PATIENCE, api.until_ready()).await?;
        Ok(Running { api, process, ready_us: began() })
    }
}

impl Running {
    /// The status of the answer to an event, and the microseconds it took.
    pub(crate) async fn invoke(&mut self, event: Value) -> Result<(u16, i64), Error> {
        let began = process::stopwatch();
        let answer = tokio::time::timeout(PATIENCE, self.api.invoke(event)).await?;
        let answer = answer.ok_or("the function is gone")?;
        let status = answer["statusCode"].as_u64().and_then(|status| u16::try_from(status).ok());
        Ok((status.unwrap_or_default(), began()))
    }

    pub(crate) fn cpu_us(&self) -> Result<u64, Error> {
        process::cpu_us(self.process.id().ok_or("the function is gone")?)
    }

    /// What is resident, in KiB.
    pub(crate) fn memory_kib(&self) -> u64 {
        self.process.id().and_then(|pid| process::memory_kib(pid, "VmRSS:")).unwrap_or_default()
    }

    /// What of it is shared with nobody: not the program's own pages, which come in as they are first used.
    pub(crate) fn own_memory_kib(&self) -> u64 {
        self.process.id().and_then(|pid| process::memory_kib(pid, "RssAnon:")).unwrap_or_default()
    }

    pub(crate) async fn kill(&mut self) -> std::io::Result<()> {
        self.process.kill().await
    }
}
