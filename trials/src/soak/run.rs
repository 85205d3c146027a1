//! The run of a soak.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::{RequestId, RequestRecord, Timestamp};
use defender_tag_relay::outbound::http_client;
use fastrand::Rng;
use futures_util::future::join_all;
use lambda_runtime::Error;
use local::{Loopback, LoopbackOptions};
use reqwest::Client;
use serde_json::{Value, json};
use simulator::Arrival;
use simulator::history::History;

use super::memory::{LOOK_EVERY_MS, MemoryReport};
use super::mix::{requests_in, send_one};
use super::report::{SoakReport, SoakTest};
use super::waiting::{most_in_thirds, waits};
use crate::harness::Instances;

/// Milliseconds that Defender takes to answer a call.
const LATENCY_MS: u64 = 150;
/// Milliseconds that Defender takes to count a call.
const COUNT_DELAY_MS: u64 = 100;
/// Milliseconds a native request waits for its outcome. A longer time would measure the wait of the requests.
const RESPOND_WITHIN_MS: &str = "1000";
/// Looks at the backlog, one a second, before the run fails because the backlog is stuck.
const LOOKS_MAX: usize = 900;
/// Requests to each process before its memory at rest is measured.
const FIRST_REQUESTS: usize = 5;

/// A soak that runs.
struct SoakRun {
    plan: SoakTest,
    fixture: Loopback,
    instances: Instances,
    history: History,
    http: Client,
    clock: Clock,
    answers: Mutex<AnswerTimes>,
}

/// The answers so far.
#[derive(Clone, Debug, Default)]
struct AnswerTimes {
    /// Milliseconds to each answer.
    took_ms: Vec<i64>,
    /// Answers that were neither 200 nor 202.
    failed: usize,
}

/// What the senders' time gave.
struct Sending {
    /// Answers before the senders began.
    first_answers: usize,
    began_at: Timestamp,
    ends_at: Timestamp,
    memory: MemoryReport,
}

impl SoakTest {
    /// Runs the soak with this binary, which is `trials`. An error says what was lost or untrue, or which limit was
    /// exceeded.
    pub async fn run(self, binary: &Path) -> Result<SoakReport, Error> {
        let run = Arc::new(SoakRun::start(self, binary).await?);
        let sending = run.send_from_all().await?;
        run.report(sending).await
    }
}

impl SoakRun {
    async fn start(plan: SoakTest, binary: &Path) -> Result<Self, Error> {
        let clock = Clock::system();
        let since = clock.now();
        let variables = Variables::from([("RESPOND_WITHIN_MS".to_owned(), RESPOND_WITHIN_MS.to_owned())]);
        let fixture = Loopback::start(LoopbackOptions::in_memory(clock.clone(), variables)).await?;
        fixture.simulator.switch(|switches| {
            switches.latency_ms = LATENCY_MS;
            switches.count_delay_ms = COUNT_DELAY_MS;
        });
        let instances =
            Instances::start(binary, "instance", plan.instances, &fixture.variables, since, 1).await?;
        let answers = Mutex::default();
        Ok(Self {
            plan,
            fixture,
            instances,
            history: History::default(),
            http: http_client()?,
            clock,
            answers,
        })
    }

    /// Runs the senders at once, and waits until everything accepted is done.
    async fn send_from_all(self: &Arc<Self>) -> Result<Sending, Error> {
        let start_kib = self.send_first_requests().await?;
        let first_answers = self.answers().took_ms.len();
        let began_at = self.clock.now();
        let ends_at = began_at.plus_ms(self.plan.seconds * 1000);
        let senders =
            (0..self.plan.senders).map(|number| tokio::spawn(Arc::clone(self).sender(number, ends_at)));
        let (sent, looks) = tokio::join!(join_all(senders), self.memory_until(ends_at));
        for sender in sent {
            sender??;
        }
        self.fixture.until_empty(&self.clock, LOOKS_MAX).await?;
        let memory = MemoryReport::new(start_kib, &looks, self.instances.memory_kib());
        Ok(Sending { first_answers, began_at, ends_at, memory })
    }

    /// Sends some requests to each process. Returns the memory of all processes when these requests are done, in KiB.
    async fn send_first_requests(&self) -> Result<u64, Error> {
        let mut rng = Rng::with_seed(self.plan.seed);
        for n in 0..self.plan.instances * FIRST_REQUESTS {
            self.send(n, &mut rng).await?;
        }
        self.fixture.until_empty(&self.clock, LOOKS_MAX).await?;
        Ok(self.instances.memory_kib())
    }

    /// The memory of all processes at each look until this moment, in KiB.
    async fn memory_until(&self, ends_at: Timestamp) -> Vec<u64> {
        let mut looks = Vec::new();
        while self.clock.now() < ends_at {
            looks.push(self.instances.memory_kib());
            self.clock.wait_until(self.clock.now().plus_ms(LOOK_EVERY_MS)).await;
        }
        looks
    }

    /// Sends one request after the other until this moment.
    async fn sender(self: Arc<Self>, number: usize, ends_at: Timestamp) -> Result<(), Error> {
        let mut rng = Rng::with_seed(self.plan.seed.wrapping_mul(1_000).wrapping_add(number as u64));
        while self.clock.now() < ends_at {
            self.send(rng.usize(..), &mut rng).await?;
            self.clock.wait_until(self.clock.now().plus_ms(self.plan.pause_ms)).await;
        }
        Ok(())
    }

    async fn send(&self, instance: usize, rng: &mut Rng) -> Result<(), Error> {
        let url = self.instances.url(instance);
        let sources = &self.fixture.variables["SOURCES"];
        let began_at = self.clock.now();
        let sent = self.history.sending(began_at.ms());
        let answer = send_one(&self.http, &url, rng, sources, began_at).await?;
        let is_accepted = answer.status().is_success();
        let body: Value = answer.json().await?;
        for (id, asked) in requests_in(&body) {
            self.history.answered(asked, id, sent);
        }
        let took_ms = self.clock.now().ms_since(began_at);
        let mut answers = self.answers();
        answers.took_ms.push(took_ms);
        answers.failed += usize::from(!is_accepted);
        Ok(())
    }

    fn answers(&self) -> MutexGuard<'_, AnswerTimes> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The accepted requests that the relay still knows, by id.
    async fn records(&self, ids: &BTreeSet<String>) -> Result<BTreeMap<String, RequestRecord>, Error> {
        let relay = self.fixture.app.relays.first();
        let mut records = BTreeMap::new();
        for id in ids {
            if let Some(record) = relay.request(RequestId::parse(id)?).await? {
                records.insert(id.clone(), record);
            }
        }
        Ok(records)
    }

    async fn report(&self, sending: Sending) -> Result<SoakReport, Error> {
        let simulator = &self.fixture.simulator;
        let ids = self.history.ids();
        let accepted: BTreeSet<_> = ids.iter().cloned().collect();
        let records = self.records(&accepted).await?;
        let AnswerTimes { took_ms: mut answered_ms, failed } = self.answers().clone();
        answered_ms.sort_unstable();
        let calls = simulator.arrivals();
        let waits = waits(records.values(), &calls, LATENCY_MS + COUNT_DELAY_MS)?;
        let mut applied_ms: Vec<_> = waits.iter().map(|wait| wait.until_ms - wait.since_ms).collect();
        applied_ms.sort_unstable();
        let report = SoakReport {
            plan: self.plan,
            answered_ms,
            first_answers: sending.first_answers,
            failed,
            accepted: accepted.len(),
            copies: ids.len() - accepted.len(),
            lost: accepted.len() - records.len(),
            applied_ms,
            calls: calls.iter().map(|call| call.machine_ids.len()).collect(),
            calls_over_s: seconds_between(&calls),
            most_in_a_minute: simulator.most_in_window(60_000),
            most_in_an_hour: simulator.most_in_window(3_600_000),
            waiting: most_in_thirds(&waits, sending.began_at.ms(), sending.ends_at.ms()),
            memory: sending.memory,
        };
        report.judge()?;
        let shown = records.iter().map(|(id, record)| (id.clone(), as_shown(record))).collect();
        self.history.judge(simulator, &shown)?;
        Ok(report)
    }
}

/// Seconds from the first call to the last.
fn seconds_between(calls: &[Arrival]) -> usize {
    let times = || calls.iter().map(|call| call.received_at_ms);
    let ms = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    usize::try_from(ms / 1000).unwrap_or(usize::MAX)
}

/// A request as the relay shows it.
fn as_shown(record: &RequestRecord) -> Value {
    let machines: Vec<_> =
        record.outcomes.iter().map(|outcome| json!({ "outcome": outcome.name() })).collect();
    json!({ "status": if record.is_done() { "done" } else { "pending" }, "machines": machines })
}
