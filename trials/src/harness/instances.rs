//! Processes of a trial, each in one role of the binary `trials`. Each can be killed and replaced.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Mutex, MutexGuard, PoisonError};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Variables};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::http::router;
use defender_tag_relay::start::app;
use lambda_runtime::Error;
use local::aws;
use tokio::net::TcpListener;
use tokio::process::Command;

use super::process::{ChildProcess, MemoryKind};

/// Milliseconds between two drains on schedule, as `template.yaml` has it.
const SCHEDULE_MS: i64 = 60_000;
/// Milliseconds a drain on schedule may take.
const DRAIN_MS: i64 = 57_000;

/// Serves the relay that `variables` describe on a free port until the process is killed. It prints the port.
pub async fn serve_instance(variables: &Variables, since: Timestamp, speed: i64) -> Result<(), Error> {
    let dynamodb_url = variables.get("AWS_ENDPOINT_URL_DYNAMODB").map(String::as_str).unwrap_or_default();
    let settings = Settings::parse(variables)?;
    let app = app(&settings, aws::clients(dynamodb_url), Clock::scaled(since, speed)).await?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("{}", listener.local_addr()?.port());
    let relay = app.relays.first().clone();
    tokio::spawn(async move {
        loop {
            let now = relay.clock().now();
            relay.drain(Priority::Urgent, now.plus_ms(DRAIN_MS)).await;
            relay.clock().wait_until(now.plus_ms(SCHEDULE_MS)).await;
        }
    });
    axum::serve(listener, router(app)).await?;
    Ok(())
}

/// Running processes. They end when this is dropped.
pub struct Instances {
    binary: PathBuf,
    arguments: Vec<String>,
    variables: Variables,
    slots: Vec<Mutex<Option<Instance>>>,
}

/// One running process.
struct Instance {
    process: ChildProcess,
    port: u16,
}

impl Instances {
    /// Starts `count` processes of the binary `trials`, each in this role, on a clock that runs `speed` times as fast as
    /// the machine's.
    pub async fn start(
        binary: &Path,
        role: &str,
        count: usize,
        variables: &Variables,
        since: Timestamp,
        speed: i64,
    ) -> io::Result<Self> {
        let arguments = vec![role.to_owned(), since.ms().to_string(), speed.to_string()];
        let slots = (0..count).map(|_| Mutex::default()).collect();
        let started = Self { binary: binary.to_owned(), arguments, variables: variables.clone(), slots };
        for number in 0..count {
            let instance = started.spawn().await?;
            *started.slot(number) = Some(instance);
        }
        Ok(started)
    }

    /// The address of one of the processes.
    pub fn url(&self, number: usize) -> String {
        let port = self.slot(number).as_ref().map(|instance| instance.port).unwrap_or_default();
        format!("http://127.0.0.1:{port}")
    }

    /// Kills one of the processes with SIGKILL and starts another in its place.
    pub async fn kill(&self, number: usize) -> io::Result<()> {
        let killed = self.slot(number).take();
        if let Some(mut killed) = killed {
            killed.process.kill().await?;
        }
        let instance = self.spawn().await?;
        *self.slot(number) = Some(instance);
        Ok(())
    }

    /// The highest memory of one of the processes so far, in KiB.
    pub fn peak_memory_kib(&self, number: usize) -> Option<u64> {
        self.slot(number).as_ref()?.process.memory_kib(MemoryKind::Peak)
    }

    /// The memory that all processes hold now and share with no other process, in KiB. Unknown memory counts as zero.
    pub fn memory_kib(&self) -> u64 {
        let numbers = 0..self.slots.len();
        numbers.filter_map(|number| self.slot(number).as_ref()?.process.memory_kib(MemoryKind::Own)).sum()
    }

    fn slot(&self, number: usize) -> MutexGuard<'_, Option<Instance>> {
        self.slots[number % self.slots.len()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn spawn(&self) -> io::Result<Instance> {
        let mut command = Command::new(&self.binary);
        command.args(&self.arguments).env_clear().envs(&self.variables).stdout(Stdio::piped());
        let mut process = ChildProcess::start(&mut command)?;
        let line = process.first_line().await?;
        let port = line.parse().map_err(|_| io::Error::other("an instance did not start"))?;
        Ok(Instance { process, port })
    }
}
