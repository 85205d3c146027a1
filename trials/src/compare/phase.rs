//! A subject with a fixture of its own, and the requests that are sent to it.

use std::collections::{BTreeMap, BTreeSet};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use local::loopback::KEY;
use local::{Loopback, LoopbackOptions, events};
use serde_json::{Value, json};

use super::counting_proxy::CountingProxy;
use crate::harness::{RunningSubject, Subject};

/// Milliseconds that Defender takes to answer.
pub(super) const DEFENDER_MS: u64 = 20;
/// Milliseconds in a minute.
pub(super) const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub(super) const HOUR_MS: i64 = 3_600_000;
/// Machines in a request that fills a call.
pub(super) const FULL_CALL: usize = 500;

/// The tag of every request.
pub(super) const TAG: &str = "contain";
/// Looks, half a second apart, until the accepted requests are applied.
const LOOKS_MAX: usize = 300;

/// The most calls in a window.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MostCalls {
    /// In any minute.
    pub in_a_minute: usize,
    /// In any hour.
    pub in_an_hour: usize,
}

impl MostCalls {
    pub(super) fn max(self, other: Self) -> Self {
        Self {
            in_a_minute: self.in_a_minute.max(other.in_a_minute),
            in_an_hour: self.in_an_hour.max(other.in_an_hour),
        }
    }
}

/// A subject with fresh services around it.
pub(super) struct Phase<'a> {
    subject: &'a Subject,
    pub(super) fixture: Loopback,
    pub(super) table: CountingProxy,
    variables: Variables,
    pub(super) clock: Clock,
}

impl<'a> Phase<'a> {
    pub(super) async fn start(subject: &'a Subject) -> Result<Self, Error> {
        let clock = Clock::system();
        let options = LoopbackOptions::in_memory(clock.clone(), Variables::new());
        let fixture = Loopback::start(options).await?;
        fixture.simulator.switch(|switches| switches.latency_ms = DEFENDER_MS);
        let table = CountingProxy::start(&fixture.engine.url()).await?;
        let mut variables = fixture.variables.clone();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), table.url.clone());
        variables.insert("RELAY_KEY".into(), KEY.into());
        Ok(Self { subject, fixture, table, variables, clock })
    }

    /// Starts a process of the subject.
    pub(super) async fn process(&self) -> Result<RunningSubject, Error> {
        self.subject.start(&self.variables).await
    }

    /// Waits this many milliseconds.
    pub(super) async fn pause(&self, ms: i64) {
        self.clock.wait_until(self.clock.now().plus_ms(ms)).await;
    }

    /// Counts the machines that are not tagged. If the subject is the relay, its schedule gets time to tag them first. The
    /// other subjects have no schedule.
    pub(super) async fn count_unapplied(
        &self,
        running: &mut RunningSubject,
        machines: &[String],
    ) -> Result<usize, Error> {
        for _ in 0..LOOKS_MAX {
            if self.untagged(machines) == 0 || !self.subject.is_this_relay() {
                break;
            }
            self.pause(500).await;
            running.invoke(events::load("schedule.json")?).await?;
        }
        Ok(self.untagged(machines))
    }

    /// Counts the machines that do not carry the tag.
    pub(super) fn untagged(&self, machines: &[String]) -> usize {
        let tagged = self.fixture.simulator.machines();
        let carries = |machine: &String| tagged.get(machine).is_some_and(|tags| tags.contains(TAG));
        machines.iter().filter(|machine| !carries(machine)).count()
    }

    /// When Defender's first 200 about each machine was sent, in milliseconds since the Unix epoch.
    pub(super) fn applied_at_ms(&self) -> BTreeMap<String, i64> {
        let mut applied = BTreeMap::new();
        for call in self.fixture.simulator.arrivals().into_iter().filter(|call| call.status == 200) {
            let at_ms = i64::try_from(call.received_at_ms + DEFENDER_MS).unwrap_or(i64::MAX);
            for machine in call.machine_ids {
                applied.entry(machine).or_insert(at_ms);
            }
        }
        applied
    }

    /// The most calls in any minute and in any hour.
    pub(super) fn most(&self) -> MostCalls {
        let most = |ms: i64| self.fixture.simulator.most_in_window(ms.unsigned_abs());
        MostCalls { in_a_minute: most(MINUTE_MS), in_an_hour: most(HOUR_MS) }
    }
}

/// Machines tagged within this many milliseconds of the first call.
pub(super) fn tagged_within(arrivals: &[simulator::Arrival], length_ms: i64) -> usize {
    let Some(first) = arrivals.first() else { return 0 };
    let ends_at_ms = first.received_at_ms + length_ms.unsigned_abs();
    let counted = arrivals.iter().filter(|call| call.status == 200 && call.received_at_ms <= ends_at_ms);
    counted.flat_map(|call| &call.machine_ids).collect::<BTreeSet<_>>().len()
}

/// The machine of this number.
pub(super) fn machine(n: usize) -> String {
    format!("{:040x}", n + 1)
}

/// An alert about one machine.
pub(super) fn alert(machine: &str) -> Result<Value, Error> {
    request(&[machine.to_owned()])
}

/// A request for some machines.
pub(super) fn request(machines: &[String]) -> Result<Value, Error> {
    let mut event = events::load("add.json")?;
    event["body"] = json!({ "Value": TAG, "Action": "Add", "MachineIds": machines }).to_string().into();
    Ok(event)
}

/// The same request from a sender that does not wait for the outcome.
pub(super) fn without_waiting(mut event: Value) -> Value {
    event["headers"]["prefer"] = "respond-async".into();
    event
}

/// Whether a status is a 2xx.
pub(super) fn is_success(status: u16) -> bool {
    (200..300).contains(&status)
}
