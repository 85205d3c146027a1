//! The artifact test: the function's own binary under a Runtime API, next to the smallest function of `lambda_http`.

use std::path::Path;

use comfy_table::{Table, presets};
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use local::{Loopback, LoopbackOptions, events};
use serde_json::json;

use crate::harness::{RunningSubject, Subject, percentile};

/// Starts of each function, in turn. The median counts.
const STARTS: usize = 25;
/// Warm requests that are measured.
const REQUESTS: usize = 1_000;
/// The longest permitted start, as a percentage of the smallest function's.
const READY_MAX_PERCENT: i64 = 250;
/// The most memory permitted after the requests, in KiB.
const MEMORY_MAX_KIB: u64 = 20 * 1024;
/// The most processor time permitted for a request, in microseconds.
const CPU_MAX_US: u64 = 1_000;
/// Rounds of further requests. After each round the backlog is empty, so memory that is kept for each request adds up.
const ROUNDS: usize = 16;
/// The most memory that may be kept for a finished request, in bytes.
const KEPT_MAX_BYTES: u64 = 100;
/// Looks at the backlog, one a second, before the run fails because the backlog is stuck.
const LOOKS_MAX: usize = 120;
/// Where the double of Secrets Manager keeps the sources.
const SOURCES_ARN: &str = "arn:aws:secretsmanager:us-east-1:123456789012:secret:sources-AbCdEf";

/// The figures of the function.
#[derive(Clone, Copy, Debug)]
pub struct ArtifactReport {
    /// Microseconds from a start to the first request for an event, with the sources in the environment.
    pub ready_us: i64,
    /// The same with the sources in Secrets Manager, as `template.yaml` has them. The start reads them.
    pub ready_by_arn_us: i64,
    /// The same for the smallest function.
    pub hello_us: i64,
    /// KiB after the requests.
    pub memory_kib: u64,
    /// Microseconds of processor time for each request.
    pub cpu_us: u64,
    /// Bytes that are kept for each finished request.
    pub kept_bytes: u64,
}

impl ArtifactReport {
    /// Measures the function at `relay` next to the one at `hello`.
    pub async fn measure(relay: &Path, hello: &Path) -> Result<Self, Error> {
        let fixture = Loopback::start(LoopbackOptions::in_memory(Clock::system(), Variables::new())).await?;
        let by_arn = by_arn(&fixture);
        let starts = [(hello, &Variables::new()), (relay, &fixture.variables), (relay, &by_arn)];
        let [hello_us, ready_us, ready_by_arn_us] = median_starts(starts).await?;
        let mut running = Subject::this_relay(relay).start(&fixture.variables).await?;
        // The first requests build connections and fill caches.
        send_requests(&mut running, REQUESTS / 10).await?;
        let before = running.cpu_us()?;
        send_requests(&mut running, REQUESTS).await?;
        let cpu_us = (running.cpu_us()? - before) / REQUESTS as u64;
        let memory_kib = running.memory_kib();
        let kept_bytes = kept_bytes(&fixture, &mut running).await?;
        Ok(Self { ready_us, ready_by_arn_us, hello_us, memory_kib, cpu_us, kept_bytes })
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
        table.add_row([
            "the same, sources in Secrets Manager".to_owned(),
            ms(self.ready_by_arn_us),
            String::new(),
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
        table.add_row([
            format!("memory kept of each of {} requests, bytes", ROUNDS * REQUESTS),
            self.kept_bytes.to_string(),
            KEPT_MAX_BYTES.to_string(),
        ]);
        table
    }

    /// Fails if a figure exceeds its bound. Times are not checked on a machine that is busy with other work.
    pub fn judge(&self, busy: bool) -> Result<(), String> {
        if self.memory_kib > MEMORY_MAX_KIB {
            return Err("the function holds too much memory".into());
        }
        if self.kept_bytes > KEPT_MAX_BYTES {
            return Err("the function keeps memory of finished requests".into());
        }
        if !busy && self.ready_us * 100 > self.hello_us * READY_MAX_PERCENT {
            return Err("the function starts too slowly".into());
        }
        if !busy && self.cpu_us > CPU_MAX_US {
            return Err("a request takes too much processor time".into());
        }
        Ok(())
    }
}

/// The variables of a relay whose sources are in Secrets Manager.
fn by_arn(fixture: &Loopback) -> Variables {
    let mut variables = fixture.variables.clone();
    let sources = variables.remove("SOURCES").unwrap_or_default();
    fixture.simulator.keep_secret(SOURCES_ARN, &sources);
    variables.insert("SOURCES_ARN".into(), SOURCES_ARN.into());
    variables.insert("AWS_ENDPOINT_URL_SECRETS_MANAGER".into(), fixture.simulator.url());
    variables
}

/// The median microseconds to ready of each function. The functions start in turn, so that the machine's other work
/// affects all of them alike.
async fn median_starts<const N: usize>(each: [(&Path, &Variables); N]) -> Result<[i64; N], Error> {
    let mut all = [const { Vec::new() }; N];
    for _ in 0..STARTS {
        for ((binary, variables), starts) in each.iter().zip(&mut all) {
            starts.push(Subject::this_relay(binary).start(variables).await?.ready_us);
        }
    }
    Ok(all.map(|mut starts| {
        starts.sort_unstable();
        percentile(&starts, 50)
    }))
}

/// Bytes that the process keeps for each request. The first round is for memory that grows once, with the largest backlog.
async fn kept_bytes(fixture: &Loopback, running: &mut RunningSubject) -> Result<u64, Error> {
    let mut at_rest_kib = Vec::with_capacity(ROUNDS + 1);
    for _ in 0..=ROUNDS {
        send_requests(running, REQUESTS).await?;
        running.invoke(events::load("schedule.json")?).await?;
        fixture.until_empty(fixture.app.clock(), LOOKS_MAX).await?;
        at_rest_kib.push(running.own_memory_kib());
    }
    Ok(kept_of_each(&at_rest_kib[1..], REQUESTS))
}

/// The bytes by which memory grows with each request, from its size after each round of so many requests. The allocator
/// gives pages back or not, so single sizes go up and down by a megabyte. The middle one of the first half of the rounds
/// and of the second half do not.
fn kept_of_each(after_round_kib: &[u64], requests: usize) -> u64 {
    let (early, late) = after_round_kib.split_at(after_round_kib.len() / 2);
    let median = |sizes: &[u64]| {
        let mut sizes = sizes.to_vec();
        sizes.sort_unstable();
        percentile(&sizes, 50)
    };
    let grown_kib = median(late).saturating_sub(median(early));
    grown_kib * 1024 / (early.len() * requests).max(1) as u64
}

/// Sends requests for one machine each, one after the other. They do not wait for their outcome.
async fn send_requests(running: &mut RunningSubject, count: usize) -> Result<(), Error> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_each_request_keeps_is_seen_and_what_the_allocator_does_is_not() {
        // Sizes of one binary that keeps nothing, in KiB.
        let measured =
            [5948, 6048, 6056, 5648, 5648, 6168, 6172, 6424, 5572, 6232, 5828, 6300, 5828, 6364, 5828, 6424];
        let kept = |bytes: u64| {
            let leaking =
                measured.iter().zip(1..).map(|(kib, round)| kib + round * REQUESTS as u64 * bytes / 1024);
            kept_of_each(&leaking.collect::<Vec<_>>(), REQUESTS)
        };
        let noise = KEPT_MAX_BYTES / 2;
        assert!(kept(0) <= noise, "{}", kept(0));
        for leak in [KEPT_MAX_BYTES, 2 * KEPT_MAX_BYTES, 3 * KEPT_MAX_BYTES] {
            assert!(kept(leak).abs_diff(leak) <= noise, "{leak}: {}", kept(leak));
        }
    }
}
