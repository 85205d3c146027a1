//! The soak run: relay processes on one table and one Defender, a mix of senders for minutes, and what came of it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::{Outcome, RequestId, RequestRecord, Timestamp};
use defender_tag_relay::outbound::http_client;
use fastrand::Rng;
use futures_util::future::join_all;
use lambda_runtime::Error;
use reqwest::Client;
use serde_json::{Value, json};

use crate::harness::Instances;
use local::trial::History;
use local::{Loopback, Options};

pub use super::memory::Memory;
use super::waiting::{self, Wait};
use super::{memory, mix};

/// Milliseconds that Defender takes to answer a call, and to count it.
const DEFENDER_MS: (u64, u64) = (150, 100);
/// Milliseconds a native request waits for its outcome: a flood of waiting requests would measure the waiting.
const RESPOND_WITHIN_MS: &str = "1000";
/// Looks at the backlog, one a second, before it is taken for stuck.
const LOOKS_MAX: usize = 900;
/// Requests to each process before its memory at rest is looked at.
const FIRST_REQUESTS: usize = 5;

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
    /// Of these the ones before the senders began.
    pub first: usize,
    /// Requests that were answered neither 200 nor 202.
    pub failed: usize,
    /// Requests that were answered 200 or 202, each once; each was found done, with a true outcome for each machine.
    pub accepted: usize,
    /// Copies of a delivery: answered with the request that the first one made.
    pub copies: usize,
    /// Accepted requests that could not be found.
    pub lost: usize,
    /// Milliseconds from a machine's request to Defender's list that has it, the shortest first.
    pub applied_ms: Vec<i64>,
    /// Machines in each call.
    pub calls: Vec<usize>,
    /// Seconds from the first call to the last.
    pub calls_over_s: usize,
    /// Calls, at most, in any minute and any hour.
    pub most: (usize, usize),
    /// Machines that waited at once, at most, in each third of the run.
    pub waiting: [usize; 3],
    /// What the processes held.
    pub memory: Memory,
}

/// One that runs.
struct Run {
    plan: Soak,
    world: Loopback,
    instances: Instances,
    history: History,
    http: Client,
    clock: Clock,
    /// Milliseconds to each answer, and how many of them were no yes.
    answers: Mutex<(Vec<i64>, usize)>,
}

impl Soak {
    /// Runs it. `binary` is the one called `trial`. An error says what was lost, untrue or over.
    pub async fn run(self, binary: &Path) -> Result<Soaked, Error> {
        let clock = Clock::system();
        let since = clock.now();
        let variables = Variables::from([("RESPOND_WITHIN_MS".to_owned(), RESPOND_WITHIN_MS.to_owned())]);
        let world = Loopback::start(Options::in_memory(clock.clone(), variables)).await?;
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
        let at_rest_kib = self.first_requests().await?;
        let first = self.answers().0.len();
        let began_at = self.clock.now();
        let ends_at = began_at.plus_ms(self.plan.seconds * 1000);
        let senders =
            (0..self.plan.senders).map(|number| tokio::spawn(Arc::clone(&self).sender(number, ends_at)));
        let (sent, looks) = tokio::join!(join_all(senders), self.memory_until(ends_at));
        for sender in sent {
            sender??;
        }
        self.world.until_empty(&self.clock, LOOKS_MAX).await?;
        let memory = Memory::of((at_rest_kib, self.instances.memory_kib()), &looks);
        self.verdict(first, (began_at, ends_at), memory).await
    }

    /// Sends some requests to each process, and says what all hold when these are done, in KiB.
    async fn first_requests(&self) -> Result<u64, Error> {
        let mut rng = Rng::with_seed(self.plan.seed);
        for n in 0..self.plan.instances * FIRST_REQUESTS {
            self.send(n, &mut rng).await?;
        }
        self.world.until_empty(&self.clock, LOOKS_MAX).await?;
        Ok(self.instances.memory_kib())
    }

    /// KiB that the processes hold together, time and again.
    async fn memory_until(&self, ends_at: Timestamp) -> Vec<u64> {
        let mut looks = Vec::new();
        while self.clock.now() < ends_at {
            looks.push(self.instances.memory_kib());
            self.clock.wait_until(self.clock.now().plus_ms(memory::LOOK_EVERY_MS)).await;
        }
        looks
    }

    /// Sends one request after the other until the end.
    async fn sender(self: Arc<Self>, number: usize, ends_at: Timestamp) -> Result<(), Error> {
        let mut rng = Rng::with_seed(self.plan.seed.wrapping_mul(1_000).wrapping_add(number as u64));
        while self.clock.now() < ends_at {
            self.send(rng.usize(..), &mut rng).await?;
            self.clock.wait_until(self.clock.now().plus_ms(self.plan.pause_ms)).await;
        }
        Ok(())
    }

    async fn send(&self, instance: usize, rng: &mut Rng) -> Result<(), Error> {
        let (url, began_at) = (self.instances.url(instance), self.clock.now());
        let sources = (self.world.variables["SOURCES"].as_str(), began_at);
        let sent = self.history.sending(began_at);
        let answer = mix::send(&self.http, &url, rng, sources).await?;
        let good = answer.status().is_success();
        let body: Value = answer.json().await?;
        for (id, asked) in mix::asked(&body) {
            self.history.answered(asked, id, sent);
        }
        self.note(self.clock.now().ms_since(began_at), good);
        Ok(())
    }

    fn note(&self, took_ms: i64, good: bool) {
        let mut answers = self.answers();
        answers.0.push(took_ms);
        answers.1 += usize::from(!good);
    }

    fn answers(&self) -> MutexGuard<'_, (Vec<i64>, usize)> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn verdict(
        &self,
        first: usize,
        (began_at, ends_at): (Timestamp, Timestamp),
        memory: Memory,
    ) -> Result<Soaked, Error> {
        let (relay, simulator) = (self.world.app.relays.first(), &self.world.simulator);
        let (ids, mut records) = (self.history.ids(), BTreeMap::new());
        let answered: BTreeSet<_> = ids.iter().collect();
        for id in &answered {
            if let Some(record) = relay.request(RequestId::parse(id)?).await? {
                records.insert((*id).clone(), record);
            }
        }
        let (mut answered_ms, failed) = self.answers().clone();
        answered_ms.sort_unstable();
        let calls = simulator.arrivals();
        let waits = waits(records.values(), &calls)?;
        let mut applied_ms: Vec<_> =
            waits.iter().map(|(received_ms, listed_ms)| listed_ms - received_ms).collect();
        applied_ms.sort_unstable();
        let soaked = Soaked {
            plan: self.plan,
            answered_ms,
            first,
            failed,
            accepted: answered.len(),
            copies: ids.len() - answered.len(),
            lost: answered.len() - records.len(),
            applied_ms,
            calls: calls.iter().map(|call| call.machine_ids.len()).collect(),
            calls_over_s: seconds_of(&calls),
            most: (simulator.most_in_window(60_000), simulator.most_in_window(3_600_000)),
            waiting: waiting::most_in_thirds(&waits, began_at.ms(), ends_at.ms()),
            memory,
        };
        soaked.judge()?;
        let shown = records.iter().map(|(id, record)| (id.clone(), shown(record))).collect();
        self.history.judge(simulator, &shown)?;
        Ok(soaked)
    }
}

impl Soaked {
    /// What must hold beside what the history is held against.
    fn judge(&self) -> Result<(), String> {
        if self.failed > 0 {
            return Err(format!("{} requests were not accepted", self.failed));
        }
        if self.lost > 0 {
            return Err(format!("{} requests were accepted and are lost", self.lost));
        }
        if self.plan.seconds >= memory::JUDGED_FROM_S {
            self.memory.judge(self.plan.instances as u64)?;
        }
        Ok(())
    }
}

/// Seconds from the first call to the last.
fn seconds_of(calls: &[simulator::Arrival]) -> usize {
    let times = || calls.iter().map(|call| call.received_at_ms);
    let ms = times().max().unwrap_or_default() - times().min().unwrap_or_default();
    usize::try_from(ms / 1000).unwrap_or(usize::MAX)
}

fn shown(record: &RequestRecord) -> Value {
    let machines: Vec<_> =
        record.outcomes.iter().map(|outcome| json!({ "outcome": outcome.name() })).collect();
    json!({ "status": if record.is_done() { "done" } else { "pending" }, "machines": machines })
}

/// For each machine that was applied, when it was asked for, and when the first list after that was sent that has it.
fn waits<'a>(
    records: impl Iterator<Item = &'a RequestRecord>,
    calls: &[simulator::Arrival],
) -> Result<Vec<Wait>, String> {
    let listed = listed_at_ms(calls);
    let mut all = Vec::new();
    for record in records {
        let (request, received_ms) = (&record.request, record.request.received_at.ms());
        let applied = request.machines.iter().zip(&record.outcomes);
        for (machine, _) in applied.filter(|(_, outcome)| **outcome == Outcome::Applied) {
            let key = (request.tag.as_str(), request.action.as_str(), machine.to_string());
            let at = listed.get(&key).into_iter().flatten().find(|at| **at >= received_ms);
            let at = at.ok_or_else(|| format!("{key:?} is said to be applied; no later list has it"))?;
            all.push((received_ms, *at));
        }
    }
    Ok(all)
}

/// When Defender's lists were sent that have a machine, by tag, action and machine.
fn listed_at_ms(calls: &[simulator::Arrival]) -> BTreeMap<(&str, &str, String), Vec<i64>> {
    let mut listed: BTreeMap<_, Vec<i64>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.status == 200) {
        let at = i64::try_from(call.received_at_ms + DEFENDER_MS.0 + DEFENDER_MS.1).unwrap_or(i64::MAX);
        for machine in &call.machine_ids {
            listed.entry((call.value.as_str(), call.action.as_str(), machine.clone())).or_default().push(at);
        }
    }
    listed
}
