//! A contestant in a world of its own, and the requests that are sent to it.

use std::collections::{BTreeMap, BTreeSet};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use lambda_runtime::Error;
use serde_json::{Value, json};

use super::comparison::{DEFENDER_MS, HOUR_MS, MINUTE_MS};
use super::counting_proxy::Counted;
use crate::harness::subject::{Contestant, Running};
use local::loopback::KEY;
use local::{Loopback, Options, events};

/// The tag of every request.
pub(crate) const TAG: &str = "contain";
/// Looks, half a second apart, until what was accepted is applied.
const LOOKS_MAX: usize = 300;

/// A contestant and its outside worlds, which nobody has used yet.
pub(crate) struct Round<'a> {
    contestant: &'a Contestant,
    pub(crate) world: Loopback,
    pub(crate) store: Counted,
    variables: Variables,
    pub(crate) clock: Clock,
}

impl<'a> Round<'a> {
    pub(crate) async fn start(contestant: &'a Contestant) -> Result<Self, Error> {
        let clock = Clock::system();
        let options = Options::in_memory(clock.clone(), Variables::new());
        let world = Loopback::start(options).await?;
        world.simulator.switch(|s| s.latency_ms = DEFENDER_MS);
        let store = Counted::to(world.engine.url()).await?;
        let mut variables = world.variables.clone();
        variables.insert("AWS_ENDPOINT_URL_DYNAMODB".into(), store.url.clone());
        variables.insert("RELAY_KEY".into(), KEY.into());
        Ok(Self { contestant, world, store, variables, clock })
    }

    /// A process of the contestant.
    pub(crate) async fn process(&self) -> Result<Running, Error> {
        self.contestant.start(&self.variables).await
    }

    /// Waits so many milliseconds.
    pub(crate) async fn pause(&self, ms: i64) {
        self.clock.wait_until(self.clock.now().plus_ms(ms)).await;
    }

    /// Which of these machines are not tagged, after waiting for them as long as the contestant does anything by itself:
    /// the relay has a schedule, the others have none.
    pub(crate) async fn left(&self, running: &mut Running, machines: &[String]) -> Result<usize, Error> {
        for _ in 0..LOOKS_MAX {
            if self.untagged(machines) == 0 || !self.contestant.is_ours() {
                break;
            }
            self.pause(500).await;
            running.invoke(events::load("schedule.json")?).await?;
        }
        Ok(self.untagged(machines))
    }

    /// How many of these machines do not carry the tag.
    pub(crate) fn untagged(&self, machines: &[String]) -> usize {
        let tagged = self.world.simulator.machines();
        let carries = |machine: &String| tagged.get(machine).is_some_and(|tags| tags.contains(TAG));
        machines.iter().filter(|machine| !carries(machine)).count()
    }

    /// When Defender's first 200 about each machine was sent, in milliseconds since the Unix epoch.
    pub(crate) fn applied_at_ms(&self) -> BTreeMap<String, i64> {
        let mut applied = BTreeMap::new();
        for call in self.world.simulator.arrivals().into_iter().filter(|call| call.status == 200) {
            let at_ms = i64::try_from(call.received_at_ms + DEFENDER_MS).unwrap_or(i64::MAX);
            for machine in call.machine_ids {
                applied.entry(machine).or_insert(at_ms);
            }
        }
        applied
    }

    /// Calls in any minute and in any hour, at most.
    pub(crate) fn most(&self) -> (usize, usize) {
        let most = |ms: i64| self.world.simulator.most_in_window(ms.unsigned_abs());
        (most(MINUTE_MS), most(HOUR_MS))
    }
}

/// Machines tagged within so many milliseconds of the first call.
pub(crate) fn tagged_within(arrivals: &[simulator::Arrival], length_ms: i64) -> usize {
    let Some(first) = arrivals.first() else { return 0 };
    let ends_at_ms = first.received_at_ms + length_ms.unsigned_abs();
    let counted = arrivals.iter().filter(|call| call.status == 200 && call.received_at_ms <= ends_at_ms);
    counted.flat_map(|call| &call.machine_ids).collect::<BTreeSet<_>>().len()
}

/// The machine of this number.
pub(crate) fn machine(n: usize) -> String {
    format!("{:040x}", n + 1)
}

/// An alert about one machine.
pub(crate) fn alert(machine: &str) -> Result<Value, Error> {
    request(&[machine.to_owned()])
}

/// A request for some machines.
pub(crate) fn request(machines: &[String]) -> Result<Value, Error> {
    let mut event = events::load("add.json")?;
    event["body"] = json!({ "Value": TAG, "Action": "Add", "MachineIds": machines }).to_string().into();
    Ok(event)
}

/// The same, whose sender does not want to wait.
pub(crate) fn in_no_hurry(mut event: Value) -> Value {
    event["headers"]["prefer"] = "respond-async".into();
    event
}

/// Whether a status says yes.
pub(crate) fn says_yes(status: u16) -> bool {
    (200..300).contains(&status)
}
