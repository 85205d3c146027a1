//! The soak run: relay processes on one table and one Defender, a mix of senders for minutes, and what came of it.

mod mix;
mod table;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::{Outcome, RequestId, RequestRecord, Timestamp};
use defender_tag_relay::outbound::http_client;
use fastrand::Rng;
use futures_util::future::join_all;
use lambda_runtime::Error;
use reqwest::Client;
use serde_json::{Value, json};
use simulator::dynamodb::Storage;

use super::{History, Instances};
use crate::{Loopback, Options};

/// Milliseconds that Defender takes to answer a call, and to count it.
const DEFENDER_MS: (u64, u64) = (150, 100);
/// Milliseconds a native request waits for its outcome: a flood of waiting requests would measure the waiting.
const RESPOND_WITHIN_MS: &str = "1000";
/// Looks at the backlog, one a second, before it is taken for stuck.
const LOOKS_MAX: usize = 900;
/// Milliseconds between two looks at the processes' memory.
const LOOK_AT_MEMORY_MS: i64 = 2_000;
/// KiB that each process may hold more, at most, in the second half than in the first: what an allocator keeps.
const GROWTH_MAX_KIB: u64 = 4 * 1024;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Soak {
    /// What the run's random choices begin with.
    pub seed: u64,
    /// Relay processes.
    pub instances: usize,
    /// Senders at once.
    pub senders: usize,
    /// Milliseconds between an answer and the same sender's next request.
    pub pause_ms: i64,
    /// How long they send, in seconds.
    pub seconds: i64,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Soaked {
    /// How much was tried.
    pub plan: Soak,
    /// Milliseconds to each answer, the shortest first.
    pub answered_ms: Vec<i64>,
    /// Requests that were answered 200 or 202; each was found done, with a true outcome for each machine.
    pub accepted: usize,
    /// Requests that were answered neither 200 nor 202.
    pub failed: usize,
    /// Milliseconds from a machine's request to Defender's list that has it, the shortest first.
    pub applied_ms: Vec<i64>,
    /// Machines in each call.
    pub calls: Vec<usize>,
    /// Calls, at most, in any minute and any hour.
    pub most: (usize, usize),
    /// KiB that the processes held together, at most, in the first half and in the second.
    pub memory_kib: (u64, u64),
}

/// One that runs.
struct Run {
    plan: Soak,
    world: Loopback,
    instances: Instances,
    history: History,
    http: Client,
    clock: Clock,
    answers: Mutex<(Vec<i64>, usize)>,
}

impl Soak {
    /// Runs it. `binary` is the one called `trial`. An error says what was lost, untrue or over.
    pub async fn run(self, binary: &Path) -> Result<Soaked, Error> {
        let clock = Clock::system();
        let (storage, since) = (Storage::Memory, clock.now());
        let variables = Variables::from([("RESPOND_WITHIN_MS".to_owned(), RESPOND_WITHIN_MS.to_owned())]);
        let options =
            Options { dynamodb_port: 0, simulator_port: 0, storage, clock: clock.clone(), variables };
        let world = Loopback::start(options).await?;
        world.simulator.switch(|s| (s.latency_ms, s.count_delay_ms) = DEFENDER_MS);
        let instances =
            Instances::start(binary, "instance", self.instances, &world.variables, since, 1).await?;
        let (history, http) = (History::default(), http_client()?);
        let run = Run { plan: self, world, instances, history, http, clock, answers: Mutex::default() };
        Arc::new(run).whole().await
    }
}

impl Run {
    async fn whole(self: Arc<Self>) -> Result<Soaked, Error> {
        let ends_at = self.clock.now().plus_ms(self.plan.seconds * 1000);
        let senders =
            (0..self.plan.senders).map(|number| tokio::spawn(Arc::clone(&self).sender(number, ends_at)));
        let (sent, memory_kib) = tokio::join!(join_all(senders), self.memory_until(ends_at));
        for sender in sent {
            sender??;
        }
        self.world.until_empty(&self.clock, LOOKS_MAX).await?;
        self.verdict(memory_kib).await
    }

    /// KiB that the processes held at most before the middle and after it.
    async fn memory_until(&self, ends_at: Timestamp) -> (u64, u64) {
        let middle = ends_at.plus_ms(-self.plan.seconds * 1000 / 2);
        let mut most = (0, 0);
        while self.clock.now() < ends_at {
            let half = if self.clock.now() < middle { &mut most.0 } else { &mut most.1 };
            *half = self.instances.memory_kib().max(*half);
            self.clock.wait_until(self.clock.now().plus_ms(LOOK_AT_MEMORY_MS)).await;
        }
        most
    }

    /// Sends one request after the other until the end.
    async fn sender(self: Arc<Self>, number: usize, ends_at: Timestamp) -> Result<(), Error> {
        let mut rng = Rng::with_seed(self.plan.seed.wrapping_mul(1_000).wrapping_add(number as u64));
        while self.clock.now() < ends_at {
            let (url, began_at) = (self.instances.url(rng.usize(..)), self.clock.now());
            let sources = (self.world.variables["SOURCES"].as_str(), began_at);
            let sent = self.history.sending(began_at);
            let answer = mix::send(&self.http, &url, &mut rng, sources).await?;
            let good = answer.status().is_success();
            let body: Value = answer.json().await?;
            for (id, asked) in mix::asked(&body) {
                self.history.answered(asked, id, sent);
            }
            self.note(self.clock.now().ms_since(began_at), good);
            self.clock.wait_until(self.clock.now().plus_ms(self.plan.pause_ms)).await;
        }
        Ok(())
    }

    fn note(&self, took_ms: i64, good: bool) {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.0.push(took_ms);
        answers.1 += usize::from(!good);
    }

    async fn verdict(&self, memory_kib: (u64, u64)) -> Result<Soaked, Error> {
        let (relay, simulator) = (self.world.app.relays.first(), &self.world.simulator);
        let mut records = BTreeMap::new();
        for id in self.history.ids() {
            let record = relay.request(RequestId::parse(&id)?).await?;
            records.insert(id.clone(), record.ok_or_else(|| format!("{id} was accepted and is lost"))?);
        }
        let shown = records.iter().map(|(id, record)| (id.clone(), shown(record))).collect();
        self.history.judge(simulator, &shown)?;
        let (mut answered_ms, failed) = self.answers.lock().unwrap_or_else(PoisonError::into_inner).clone();
        answered_ms.sort_unstable();
        let calls = simulator.arrivals();
        let soaked = Soaked {
            plan: self.plan,
            answered_ms,
            accepted: records.len(),
            failed,
            applied_ms: applied_ms(records.values(), &calls),
            calls: calls.iter().map(|call| call.machine_ids.len()).collect(),
            most: (simulator.most_in_window(60_000), simulator.most_in_window(3_600_000)),
            memory_kib,
        };
        soaked.judge()?;
        Ok(soaked)
    }
}

impl Soaked {
    /// What must hold beside what the history was held against.
    fn judge(&self) -> Result<(), String> {
        let (first, second) = self.memory_kib;
        if self.failed > 0 {
            return Err(format!("{} requests were not accepted", self.failed));
        }
        if second > first + GROWTH_MAX_KIB * self.plan.instances as u64 {
            return Err(format!("memory has grown from {first} to {second} KiB"));
        }
        Ok(())
    }
}

fn shown(record: &RequestRecord) -> Value {
    let machines: Vec<_> =
        record.outcomes.iter().map(|outcome| json!({ "outcome": outcome.name() })).collect();
    json!({ "status": if record.is_done() { "done" } else { "pending" }, "machines": machines })
}

/// For each machine that was applied, the time from its request to the first list after it that has the machine.
fn applied_ms<'a>(
    records: impl Iterator<Item = &'a RequestRecord>,
    calls: &[simulator::Arrival],
) -> Vec<i64> {
    let mut listed: BTreeMap<(&str, &str, &str), Vec<i64>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.status == 200) {
        let at = i64::try_from(call.received_at_ms + DEFENDER_MS.0).unwrap_or(i64::MAX);
        for machine in &call.machine_ids {
            listed.entry((&call.value, &call.action, machine)).or_default().push(at);
        }
    }
    let mut all = Vec::new();
    for record in records {
        let (request, received_ms) = (&record.request, record.request.received_at.ms());
        for (machine, outcome) in request.machines.iter().zip(&record.outcomes) {
            let machine = machine.to_string();
            let times = listed.get(&(request.tag.as_str(), request.action.as_str(), machine.as_str()));
            let first = times.into_iter().flatten().find(|at| **at >= received_ms);
            all.extend(first.filter(|_| *outcome == Outcome::Applied).map(|at| at - received_ms));
        }
    }
    all.sort_unstable();
    all
}
