//! The artifact run: the function's own binary under a Runtime API, next to the smallest function there is.

use std::path::Path;

use comfy_table::{Table, presets};
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use serde_json::json;
use simulator::dynamodb::Storage;

use super::contestant::{Contestant, Running};
use crate::{Loopback, Options, events};

/// Starts of each function; the middle one counts.
const STARTS: usize = 9;
/// Warm requests that are measured.
const REQUESTS: usize = 1_000;
/// Most that a start may take, in hundredths of the smallest function's.
const READY_MAX_PERCENT: i64 = 250;
/// Most memory after the requests, in KiB.
const MEMORY_MAX_KIB: u64 = 20 * 1024;
/// Most processor time of a request, in microseconds.
const CPU_MAX_US: u64 = 1_000;

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Artifact {
    /// Microseconds from a start to the first wish for an event.
    pub ready_us: i64,
    /// The same of the smallest function.
    pub hello_us: i64,
    /// KiB after the requests.
    pub memory_kib: u64,
    /// Microseconds of processor time a request.
    pub cpu_us: u64,
}

impl Artifact {
    /// Measures the function at `relay` next to the one at `hello`.
    pub async fn measure(relay: &Path, hello: &Path) -> Result<Self, Error> {
        let (storage, variables) = (Storage::Memory, Variables::new());
        let clock = Clock::system();
        let world =
            Loopback::start(Options { dynamodb_port: 0, simulator_port: 0, storage, clock, variables })
                .await?;
        let hello_us = middle(hello, &Variables::new()).await?;
        let ready_us = middle(relay, &world.variables).await?;
        let mut running = Contestant::ours(relay).start(&world.variables).await?;
        // The first requests build connections and fill caches.
        requests(&mut running, REQUESTS / 10).await?;
        let before = running.cpu_us()?;
        requests(&mut running, REQUESTS).await?;
        let cpu_us = (running.cpu_us()? - before) / REQUESTS as u64;
        let memory_kib = running.memory_kib();
        Ok(Self { ready_us, hello_us, memory_kib, cpu_us })
    }

    /// The table.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["what", "figure", "at most"]);
        let ms = |us: i64| format!("{}.{:02}", us / 1000, us % 1000 / 10);
        table.add_row([
            "start to ready, ms".to_owned(),
            ms(self.ready_us),
            format!("{} (2.5 × the smallest function's {})", ms(self.hello_us * 5 / 2), ms(self.hello_us)),
        ]);
        let kib = |kib: u64| format!("{}.{}", kib / 1024, kib % 1024 * 10 / 1024);
        table.add_row([
            format!("memory after {REQUESTS} requests, MiB"),
            kib(self.memory_kib),
            kib(MEMORY_MAX_KIB),
        ]);
        table.add_row([
            "processor time of a warm accept, µs".to_owned(),
            self.cpu_us.to_string(),
            CPU_MAX_US.to_string(),
        ]);
        table
    }

    /// What is past its bound.
    pub fn judge(&self) -> Result<(), String> {
        if self.ready_us * 100 > self.hello_us * READY_MAX_PERCENT {
            return Err("it starts too slowly".into());
        }
        if self.memory_kib > MEMORY_MAX_KIB {
            return Err("it holds too much memory".into());
        }
        if self.cpu_us > CPU_MAX_US {
            return Err("a request takes too much processor time".into());
        }
        Ok(())
    }
}

/// Microseconds to ready, of several starts the middle one.
async fn middle(binary: &Path, variables: &Variables) -> Result<i64, Error> {
    let mut all = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        all.push(Contestant::ours(binary).start(variables).await?.ready_us);
    }
    all.sort_unstable();
    Ok(all[STARTS / 2])
}

/// Sends one-machine requests that do not wait, one after the other.
async fn requests(running: &mut Running, count: usize) -> Result<(), Error> {
    let mut event = events::load("add.json")?;
    event["headers"]["prefer"] = "respond-async".into();
    for n in 0..count {
        let body = json!({ "Value": "vip", "Action": "Add", "MachineIds": [format!("{n:040x}")] });
        event["body"] = body.to_string().into();
        let (status, _) = running.invoke(event.clone()).await?;
        if status != 202 {
            return Err(format!("a request was answered {status}").into());
        }
    }
    Ok(())
}
