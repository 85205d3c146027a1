//! The load tests: many clients at once, a request when idle, and a backlog of a hundred thousand machines.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use comfy_table::{Table, presets};
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::outbound::http_client;
use futures_util::future::join_all;
use lambda_runtime::Error;
use local::loopback::KEY;
use local::{Loopback, LoopbackOptions};
use reqwest::{Client, StatusCode};
use serde_json::json;
use simulator::Fault;

use crate::harness::{Instances, percentile};

/// Relay processes that share the load.
const INSTANCES: usize = 3;
/// Milliseconds that Defender takes to answer a call.
const DEFENDER_MS: u64 = 200;
/// Looks at the backlog, one a second of the run's clock, before the run fails because the backlog is stuck.
const LOOKS_MAX: usize = 3_600;
/// Machines of the large backlog.
const BACKLOG_MACHINES: usize = 100_000;
/// Machines of each request of the large backlog.
const BACKLOG_REQUEST: usize = 137;
/// How much faster than the machine's the clock of the large backlog is. The backlog waits for the budget.
const BACKLOG_SPEED: i64 = 20;
/// Machines of a full call.
const FULL_CALL: usize = 500;
/// The header of the table.
const HEADER: [&str; 9] =
    ["run", "requests", "200", "202", "else", "p50 ms", "p99 ms", "calls", "machines a call"];

/// Clients that send requests for one machine each.
struct ClientLoad {
    name: &'static str,
    clients: usize,
    /// Requests of each client, one after the other.
    requests: usize,
    /// Tags that the requests name in turn.
    tags: usize,
}

/// The relay in some processes, and a client that sends to them.
struct LoadRun {
    fixture: Loopback,
    instances: Instances,
    http: Client,
    clock: Clock,
}

/// The answers to the requests.
#[derive(Debug, Default)]
struct AnswerCounts {
    /// Answered 200: done.
    done: usize,
    /// Answered 202: durable.
    durable: usize,
    /// Answered otherwise, or not at all.
    failed: usize,
    /// Milliseconds to each answer, the shortest first.
    took_ms: Vec<i64>,
}

/// Runs every load test with this binary, which is `trials`, and prints the figures.
pub async fn run_load_tests(binary: &Path) -> Result<(), Error> {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(HEADER);
    for load in [
        ClientLoad { name: "one request when idle", clients: 1, requests: 1, tags: 1 },
        ClientLoad { name: "50 clients, one tag", clients: 50, requests: 20, tags: 1 },
        ClientLoad { name: "50 clients, 20 tags mixed", clients: 50, requests: 20, tags: 20 },
    ] {
        let run = LoadRun::start(binary, 1).await?;
        let answers = run.send_from_clients(&load).await?;
        run.until_empty().await?;
        table.add_row(row(load.name, &answers, run.fixture.simulator.arrivals().len()));
    }
    println!("{table}");
    run_backlog(binary).await
}

async fn run_backlog(binary: &Path) -> Result<(), Error> {
    let run = LoadRun::start(binary, BACKLOG_SPEED).await?;
    let peak_kib = run.queue_backlog().await?;
    let arrivals = run.fixture.simulator.arrivals();
    let sizes: Vec<_> =
        arrivals.iter().filter(|call| call.status == 200).map(|call| call.machine_ids.len()).collect();
    let full = sizes.iter().filter(|size| **size == FULL_CALL).count();
    let peak = peak_kib.map_or("unknown".to_owned(), |kib| format!("{} MiB", kib / 1024));
    println!(
        "{BACKLOG_MACHINES} machines in requests of {BACKLOG_REQUEST}, queued during a pause: {} calls, {full} of \
         them full; peak memory of a process {peak}",
        sizes.len()
    );
    Ok(())
}

fn row(name: &str, answers: &AnswerCounts, calls: usize) -> [String; 9] {
    let requests = answers.took_ms.len();
    let [count, done, durable, failed] =
        [requests, answers.done, answers.durable, answers.failed].map(|n| n.to_string());
    let [p50, p99] = [50, 99].map(|percent| percentile(&answers.took_ms, percent).to_string());
    let machines_a_call = requests.checked_div(calls).unwrap_or_default().to_string();
    [name.to_owned(), count, done, durable, failed, p50, p99, calls.to_string(), machines_a_call]
}

impl AnswerCounts {
    fn add(&mut self, status: Option<StatusCode>, took_ms: i64) {
        match status {
            Some(StatusCode::OK) => self.done += 1,
            Some(StatusCode::ACCEPTED) => self.durable += 1,
            _ => self.failed += 1,
        }
        self.took_ms.push(took_ms);
    }
}

impl LoadRun {
    /// Starts relay processes on a clock `speed` times as fast as the machine's.
    async fn start(binary: &Path, speed: i64) -> Result<Arc<Self>, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, speed);
        let fixture = Loopback::start(LoopbackOptions::in_memory(clock.clone(), Variables::new())).await?;
        fixture.simulator.switch(|switches| switches.latency_ms = DEFENDER_MS);
        let instances =
            Instances::start(binary, "instance", INSTANCES, &fixture.variables, since, speed).await?;
        Ok(Arc::new(Self { fixture, instances, http: http_client()?, clock }))
    }

    /// Runs the clients at once.
    async fn send_from_clients(self: &Arc<Self>, load: &ClientLoad) -> Result<AnswerCounts, Error> {
        let clients = (0..load.clients)
            .map(|number| tokio::spawn(Arc::clone(self).client(number, load.requests, load.tags)));
        let mut all = AnswerCounts::default();
        for answers in join_all(clients).await {
            for (status, took_ms) in answers? {
                all.add(status, took_ms);
            }
        }
        all.took_ms.sort_unstable();
        Ok(all)
    }

    /// Sends requests one after the other. Returns the status and the milliseconds of each.
    async fn client(
        self: Arc<Self>,
        client: usize,
        requests: usize,
        tags: usize,
    ) -> Vec<(Option<StatusCode>, i64)> {
        let mut answers = Vec::with_capacity(requests);
        for n in 0..requests {
            let tag = format!("tag-{}", (client + n) % tags);
            let machine = client * requests + n;
            let began_at = self.clock.now();
            let status = self.send(client + n, &tag, machine..machine + 1, "").await;
            answers.push((status.ok(), self.clock.now().ms_since(began_at)));
        }
        answers
    }

    /// Queues the large backlog during a pause and waits until it is done. Returns the highest memory that a process has
    /// held, in KiB.
    async fn queue_backlog(&self) -> Result<Option<u64>, Error> {
        self.fixture.simulator.next(Fault::TooManyRequests { retry_after_s: Some(60) });
        for first in (0..BACKLOG_MACHINES).step_by(BACKLOG_REQUEST) {
            let machines = first..(first + BACKLOG_REQUEST).min(BACKLOG_MACHINES);
            let status = self.send(first, "bulk", machines, "respond-async").await?;
            if status != StatusCode::ACCEPTED {
                return Err(format!("a request was answered {status}").into());
            }
        }
        self.until_empty().await?;
        Ok((0..INSTANCES).filter_map(|number| self.instances.peak_memory_kib(number)).max())
    }

    async fn until_empty(&self) -> Result<(), Error> {
        Ok(self.fixture.until_empty(&self.clock, LOOKS_MAX).await?)
    }

    async fn send(
        &self,
        instance: usize,
        tag: &str,
        machines: Range<usize>,
        prefer: &str,
    ) -> Result<StatusCode, reqwest::Error> {
        let machines: Vec<_> = machines.map(|n| format!("{:040x}", n + 1)).collect();
        let body = json!({ "Value": tag, "Action": "Add", "MachineIds": machines });
        let post = self.http.post(format!("{}/v1/tag-requests", self.instances.url(instance)));
        let answer = post.bearer_auth(KEY).header("prefer", prefer).json(&body).send().await?;
        Ok(answer.status())
    }
}
