//! Relay processes: each serves the real handler on a port of its own, and can be killed and replaced.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Mutex;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Variables};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::http::router;
use defender_tag_relay::start::app;
use lambda_runtime::Error;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::net::TcpListener;
use tokio::process::{Child, Command};

use super::process::memory_kib;
use local::aws;

/// Milliseconds between two drains on schedule, as `template.yaml` has it.
const SCHEDULE_MS: i64 = 60_000;
/// Milliseconds a drain on schedule may take.
const DRAIN_MS: i64 = 57_000;

/// Serves the relay that `variables` describe on a free port, which is printed, until the process is killed.
pub async fn serve_instance(variables: &Variables, since: Timestamp, times: i64) -> Result<(), Error> {
    let dynamodb_url = variables.get("AWS_ENDPOINT_URL_DYNAMODB").map(String::as_str).unwrap_or_default();
    let app =
        app(&Settings::parse(variables)?, aws::clients(dynamodb_url), Clock::scaled(since, times)).await?;
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

/// Running relay processes. They end with it.
pub struct Instances {
    binary: PathBuf,
    arguments: Vec<String>,
    variables: Variables,
    slots: Vec<Mutex<Option<(Child, u16)>>>,
}

impl Instances {
    /// Starts `count` processes of the binary `trial`, each in this role.
    pub async fn start(
        binary: &Path,
        role: &str,
        count: usize,
        variables: &Variables,
        since: Timestamp,
        times: i64,
    ) -> io::Result<Self> {
        let arguments = vec![role.to_owned(), since.ms().to_string(), times.to_string()];
        let slots = (0..count).map(|_| Mutex::default()).collect();
        let started = Self { binary: binary.to_owned(), arguments, variables: variables.clone(), slots };
        for slot in &started.slots {
            put(slot, started.spawn().await?);
        }
        Ok(started)
    }

    /// The address of one of them.
    pub fn url(&self, number: usize) -> String {
        let slot = self.slots[number % self.slots.len()].lock();
        let port = slot.ok().and_then(|slot| slot.as_ref().map(|(_, port)| *port)).unwrap_or_default();
        format!("http://127.0.0.1:{port}")
    }

    /// Kills one of them, with SIGKILL, and starts another in its place.
    pub async fn kill(&self, number: usize) -> io::Result<()> {
        let slot = &self.slots[number % self.slots.len()];
        let dying = slot.lock().ok().and_then(|mut slot| slot.take());
        if let Some((mut dying, _)) = dying {
            dying.kill().await?;
        }
        put(slot, self.spawn().await?);
        Ok(())
    }

    /// The most memory that one of them has held so far, in KiB. Linux tells; elsewhere it is unknown.
    pub fn peak_memory_kib(&self, number: usize) -> Option<u64> {
        let slot = self.slots[number % self.slots.len()].lock().ok()?;
        memory_kib(slot.as_ref()?.0.id()?, "VmHWM:")
    }

    /// The memory that all of them hold now and share with nobody, in KiB: not the program's own pages, which come in as
    /// they are first used. What cannot be known counts as nothing.
    pub fn memory_kib(&self) -> u64 {
        let held =
            |slot: &Mutex<Option<(Child, u16)>>| memory_kib(slot.lock().ok()?.as_ref()?.0.id()?, "RssAnon:");
        self.slots.iter().filter_map(held).sum()
    }

    async fn spawn(&self) -> io::Result<(Child, u16)> {
        let mut child = Command::new(&self.binary)
            .args(&self.arguments)
            .env_clear()
            .envs(&self.variables)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let output = child.stdout.take().ok_or_else(|| io::Error::other("no output"))?;
        let line = BufReader::new(output).lines().next_line().await?.unwrap_or_default();
        let port = line.parse().map_err(|_| io::Error::other("an instance that does not start"))?;
        Ok((child, port))
    }
}

fn put(slot: &Mutex<Option<(Child, u16)>>, started: (Child, u16)) {
    if let Ok(mut slot) = slot.lock() {
        *slot = Some(started);
    }
}
