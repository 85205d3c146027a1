//! Side by side: this relay, a plain relay and the one-call-a-machine way, with the same alerts, table and Defender.

mod store;
mod table;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use serde_json::{Value, json};
use simulator::dynamodb::Storage;
use simulator::{Simulator, most_in_window};

use super::contestant::{Contestant, Running};
use crate::loopback::KEY;
use crate::{Loopback, Options, events};
use store::Counted;

pub use table::table;

/// Starts of which the middle one counts.
const STARTS: usize = 5;
/// Milliseconds that Defender takes to answer.
const DEFENDER_MS: u64 = 20;
/// The tag of the burst, and of the alerts that are cut short.
const TAGS: [&str; 2] = ["burst", "killed"];
/// Milliseconds before the end of a minute at which the burst begins: so its calls stand on both sides of a fixed
/// window's end.
const BEFORE_MINUTE_MS: i64 = 8_000;
/// Milliseconds in a minute.
const MINUTE_MS: i64 = 60_000;
/// Milliseconds from one alert of the burst to the next.
const ALERT_EVERY_MS: i64 = 16;
/// Looks, half a second apart, until what was accepted is applied.
const LOOKS_MAX: usize = 300;
/// Milliseconds after which a process is killed in the middle of its alerts.
const KILLED_AFTER_MS: i64 = 700;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct SideBySide {
    /// One-machine alerts of the burst.
    pub alerts: usize,
    /// One-machine alerts that are under way when the process is killed, at most; with none, none is killed.
    pub killed_alerts: usize,
    /// Whether the burst waits for the end of a minute, so that a fixed window ends in it.
    pub across_a_minute: bool,
}

/// What one contestant came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name.
    pub name: &'static str,
    /// Microseconds to ready.
    pub ready_us: i64,
    /// Microseconds to each warm 2xx, the shortest first.
    pub answered_us: Vec<i64>,
    /// Microseconds of processor time an alert.
    pub cpu_us: u64,
    /// KiB after the burst.
    pub memory_kib: u64,
    /// Operations of the table for all alerts of the burst.
    pub store_operations: usize,
    /// Alerts sent.
    pub alerts: usize,
    /// Alerts whose machine has its tag, each sent once.
    pub applied: usize,
    /// Calls that it took.
    pub calls: usize,
    /// Machines in its fullest call.
    pub fullest: usize,
    /// Calls in any 60 seconds, at most.
    pub most_in_a_minute: usize,
    /// Alerts answered 2xx before the process was killed, and those of them that were never applied.
    pub killed: (usize, usize),
}

/// A contestant in its world.
struct Round<'a> {
    plan: SideBySide,
    contestant: &'a Contestant,
    world: Loopback,
    store: Counted,
    variables: Variables,
    clock: Clock,
}

impl SideBySide {
    /// Measures one contestant.
    pub async fn measure(self, contestant: &Contestant) -> Result<Measured, Error> {
        let clock = Clock::system();
        let options = Options {
            dynamodb_port: 0,
            simulator_port: 0,
            storage: Storage::Memory,
            clock: clock.clone(),
            variables: Variables::new(),
        };
        let world = Loopback::start(options).await?;
        world.simulator.switch(|s| s.latency_ms = DEFENDER_MS);
        let store = Counted::to(world.engine.url()).await?;
        let mut variables = world.variables.clone();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), store.url.clone());
        variables.insert("RELAY_KEY".into(), KEY.into());
        Round { plan: self, contestant, world, store, variables, clock }.run().await
    }
}

impl Round<'_> {
    async fn run(&self) -> Result<Measured, Error> {
        let mut starts = Vec::with_capacity(STARTS);
        for _ in 0..STARTS {
            starts.push(self.contestant.start(&self.variables).await?.ready_us);
        }
        starts.sort_unstable();
        let killed = if self.plan.killed_alerts > 0 { self.killed().await? } else { (0, 0) };
        Ok(Measured { ready_us: starts[STARTS / 2], killed, ..self.burst().await? })
    }

    fn simulator(&self) -> &Simulator {
        &self.world.simulator
    }

    /// Alerts one after the other, each sent once, across the end of a minute.
    async fn burst(&self) -> Result<Measured, Error> {
        let mut running = self.contestant.start(&self.variables).await?;
        // The first ones build connections and fetch the token.
        for n in 0..3 {
            running.invoke(alert("warm", self.plan.alerts + n)?).await?;
        }
        self.until_applied(&mut running, "warm", 3).await?;
        let before = self.simulator().arrivals().len();
        if self.plan.across_a_minute {
            let now_ms = self.clock.now().ms();
            let end_ms = (now_ms + BEFORE_MINUTE_MS).div_euclid(MINUTE_MS) * MINUTE_MS + MINUTE_MS;
            self.clock.wait_until(self.clock.now().plus_ms(end_ms - BEFORE_MINUTE_MS - now_ms)).await;
        }
        let (operations, cpu_us, began_at) = (self.store.count(), running.cpu_us()?, self.clock.now());
        let (mut answered_us, mut accepted) = (Vec::new(), 0);
        for n in 0..self.plan.alerts {
            let due = i64::try_from(n)? * ALERT_EVERY_MS;
            self.clock.wait_until(began_at.plus_ms(due)).await;
            let (status, took_us) = running.invoke(alert(TAGS[0], n)?).await?;
            if (200..300).contains(&status) {
                answered_us.push(took_us);
                accepted += 1;
            }
        }
        let applied = self.until_applied(&mut running, TAGS[0], accepted).await?;
        answered_us.sort_unstable();
        let arrivals = self.simulator().arrivals().split_off(before);
        Ok(Measured {
            name: self.contestant.name,
            ready_us: 0,
            answered_us,
            cpu_us: (running.cpu_us()? - cpu_us) / self.plan.alerts as u64,
            memory_kib: running.memory_kib(),
            store_operations: self.store.count() - operations,
            alerts: self.plan.alerts,
            applied,
            calls: arrivals.len(),
            fullest: arrivals.iter().map(|call| call.machine_ids.len()).max().unwrap_or_default(),
            most_in_a_minute: most_in_window(&arrivals, MINUTE_MS.unsigned_abs()),
            killed: (0, 0),
        })
    }

    /// Plays the schedule until so many machines have the tag, or nothing changes any more.
    async fn until_applied(&self, running: &mut Running, tag: &str, wanted: usize) -> Result<usize, Error> {
        for _ in 0..LOOKS_MAX {
            if self.tagged(tag) >= wanted {
                break;
            }
            self.clock.wait_until(self.clock.now().plus_ms(500)).await;
            if self.contestant.arguments.is_empty() {
                running.invoke(events::load("schedule.json")?).await?;
            }
        }
        Ok(self.tagged(tag))
    }

    fn tagged(&self, tag: &str) -> usize {
        self.simulator().machines().values().filter(|tags| tags.contains(tag)).count()
    }

    /// Alerts answered 2xx by a process that is killed meanwhile, and those of them that are never applied.
    async fn killed(&self) -> Result<(usize, usize), Error> {
        let mut dying = self.contestant.start(&self.variables).await?;
        let until = self.clock.now().plus_ms(KILLED_AFTER_MS);
        let mut answered = 0;
        for n in 0..self.plan.killed_alerts {
            let alert = alert(TAGS[1], n)?;
            tokio::select! {
                biased;
                () = self.clock.wait_until(until) => break,
                answer = dying.invoke(alert) => answered += usize::from((200..300).contains(&answer?.0)),
            }
        }
        dying.kill().await?;
        let mut next = self.contestant.start(&self.variables).await?;
        let applied = self.until_applied(&mut next, TAGS[1], answered).await?;
        Ok((answered, answered.saturating_sub(applied)))
    }
}

/// An alert about one machine.
fn alert(tag: &str, n: usize) -> Result<Value, Error> {
    let mut event = events::load("add.json")?;
    let body = json!({ "Value": tag, "Action": "Add", "MachineIds": [format!("{:040x}", n + 1)] });
    event["body"] = body.to_string().into();
    Ok(event)
}
