//! The crash test: relay processes are killed at random moments while requests for overlapping machines arrive.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::outbound::http_client;
use fastrand::Rng;
use futures_util::future::join_all;
use lambda_runtime::Error;
use local::loopback::KEY;
use local::{Loopback, LoopbackOptions};
use reqwest::Client;
use serde_json::{Value, json};
use simulator::history::{History, TagChange};

use crate::harness::Instances;

/// The tags of the requests.
const TAGS: [&str; 3] = ["vip", "isolate", "watch"];
/// Machines that every client sends requests for.
const SHARED_MACHINES: usize = 6;
/// Machines that only one client sends requests for.
const OWN_MACHINES: usize = 2;
/// Time after which a client regards a request as lost and sends it again.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(8);
/// Times a client sends a request before it gives up.
const SENDS_MAX: usize = 200;
/// Looks at the backlog, one each second of the run's clock, before the run fails because the backlog is stuck.
const LOOKS_MAX: usize = 900;
/// An hour, in milliseconds.
const HOUR_MS: u64 = 3_600_000;

/// How large a crash test is.
#[derive(Clone, Copy, Debug)]
pub struct CrashTest {
    /// The seed of the run's random choices.
    pub seed: u64,
    /// Relay processes.
    pub instances: usize,
    /// Clients at once.
    pub clients: usize,
    /// Requests of each client, one after the other.
    pub requests: usize,
    /// Processes killed in all.
    pub kills: usize,
    /// How much faster than the machine's the run's clock is.
    pub speed: i64,
}

/// The figures of a run without a fault.
#[derive(Clone, Copy, Debug)]
pub struct CrashReport {
    /// Requests answered.
    pub requests: usize,
    /// Times a request was sent again because no answer came.
    pub sent_again: usize,
    /// Calls counted.
    pub calls: usize,
    /// The most calls in 60 seconds.
    pub most_in_a_minute: usize,
}

struct CrashRun {
    plan: CrashTest,
    fixture: Loopback,
    instances: Instances,
    history: History,
    http: Client,
    clock: Clock,
}

impl CrashTest {
    /// Runs the test with this binary, which is `trials`. An error says what was wrong.
    pub async fn run(self, binary: &Path) -> Result<CrashReport, Error> {
        let run = Arc::new(CrashRun::start(self, binary).await?);
        let clients = (0..self.clients).map(|number| tokio::spawn(Arc::clone(&run).client(number)));
        let (killed, sent) = tokio::join!(run.kill(), join_all(clients));
        killed?;
        let mut sent_again = 0;
        for client in sent {
            sent_again += client??;
        }
        run.fixture.until_empty(&run.clock, LOOKS_MAX).await?;
        run.report(sent_again).await
    }
}

impl CrashRun {
    async fn start(plan: CrashTest, binary: &Path) -> Result<Self, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, plan.speed);
        let variables = Variables::from([("RESPOND_WITHIN_MS".to_owned(), "200".to_owned())]);
        let fixture = Loopback::start(LoopbackOptions::in_memory(clock.clone(), variables)).await?;
        fixture.simulator.switch(|switches| {
            switches.count_delay_ms = 40;
            switches.latency_ms = 20;
        });
        let variables = &fixture.variables;
        let instances =
            Instances::start(binary, "instance", plan.instances, variables, since, plan.speed).await?;
        Ok(Self { plan, fixture, instances, history: History::default(), http: http_client()?, clock })
    }

    /// Kills processes at random moments.
    async fn kill(&self) -> Result<(), Error> {
        let mut rng = Rng::with_seed(self.plan.seed);
        for _ in 0..self.plan.kills {
            let pause_ms = rng.i64(50..600) * self.plan.speed;
            self.clock.wait_until(self.clock.now().plus_ms(pause_ms)).await;
            self.instances.kill(rng.usize(..)).await?;
        }
        Ok(())
    }

    /// Sends requests one after the other, each until it is answered. Returns how often it sent a request again.
    async fn client(self: Arc<Self>, number: usize) -> Result<usize, Error> {
        let mut rng = Rng::with_seed(self.plan.seed.wrapping_mul(1_000).wrapping_add(number as u64));
        let mut sent_again = 0;
        for n in 0..self.plan.requests {
            let asked = random_request(&mut rng, number);
            let key = format!("{number}-{n}");
            let sent = self.history.sending(self.clock.now().ms());
            self.history.tried(&asked);
            let mut id = None;
            for _ in 0..SENDS_MAX {
                id = self.send(&asked, &key, rng.usize(..)).await;
                if id.is_some() {
                    break;
                }
                sent_again += 1;
                self.clock.wait_until(self.clock.now().plus_ms(self.plan.speed * 20)).await;
            }
            self.history.answered(asked, id.ok_or("a request is never answered")?, sent);
        }
        Ok(sent_again)
    }

    /// The id of the accepted request; `None` if no answer came or the answer was "later".
    async fn send(&self, asked: &TagChange, key: &str, instance: usize) -> Option<String> {
        let action = if asked.add { "Add" } else { "Remove" };
        let body = json!({ "Value": asked.tag, "Action": action, "MachineIds": asked.machines });
        let post = self.http.post(format!("{}/v1/tag-requests", self.instances.url(instance)));
        let post = post.timeout(ANSWER_TIMEOUT);
        let answer = post.bearer_auth(KEY).header("idempotency-key", key).json(&body).send().await.ok()?;
        let answer: Value = answer.json().await.ok()?;
        answer["id"].as_str().map(str::to_owned)
    }

    async fn report(&self, sent_again: usize) -> Result<CrashReport, Error> {
        let mut shown = BTreeMap::new();
        for id in self.history.ids() {
            let url = format!("{}/v1/tag-requests/{id}", self.instances.url(0));
            let answer: Value = self.http.get(url).bearer_auth(KEY).send().await?.json().await?;
            shown.insert(id, answer);
        }
        self.history.judge(&self.fixture.simulator, &shown)?;
        self.check_calls().await?;
        Ok(CrashReport {
            requests: shown.len(),
            sent_again,
            calls: self.fixture.simulator.arrivals().len(),
            most_in_a_minute: self.fixture.simulator.most_in_window(60_000),
        })
    }

    /// Fails if Defender refused a call, or if more calls than permits fall into the last hour.
    async fn check_calls(&self) -> Result<(), Error> {
        let arrivals = self.fixture.simulator.arrivals();
        if let Some(refused) = arrivals.iter().find(|call| call.status == 429) {
            return Err(format!("Defender refused a call: {refused:?}").into());
        }
        let used = self.fixture.app.relays.first().report().await?.budget.hour.used;
        let now_ms = self.clock.now().ms().unsigned_abs();
        let in_the_hour = arrivals.iter().filter(|call| call.received_at_ms + HOUR_MS > now_ms).count();
        if in_the_hour > used as usize {
            return Err(format!("{in_the_hour} calls in the last hour, and {used} permits").into());
        }
        Ok(())
    }
}

/// A request for some of the shared machines and of the client's own. Now and then one machine is unknown to Defender.
fn random_request(rng: &mut Rng, client: usize) -> TagChange {
    let own = SHARED_MACHINES + client * OWN_MACHINES;
    let possible = (0..SHARED_MACHINES).chain(own..own + OWN_MACHINES);
    let mut machines: Vec<_> =
        possible.filter(|_| rng.u8(..4) == 0).map(|n| format!("{:040x}", n + 1)).collect();
    if rng.u8(..8) == 0 {
        machines.push(format!("dead{client:036x}"));
    }
    if machines.is_empty() {
        machines.push(format!("{:040x}", own + 1));
    }
    TagChange { tag: TAGS[rng.usize(..TAGS.len())].to_owned(), add: rng.bool(), machines }
}
