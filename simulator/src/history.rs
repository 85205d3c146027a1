//! The requests of a test run, and whether Defender's calls and machines fit them.
//!
//! From outside it is known that a request is later than another only if it was sent after the other's answer. So for a
//! machine and a tag, any request may be the last if none was sent after its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::{Arrival, Simulator};
use serde_json::Value;

/// What a request asked for.
#[derive(Clone, Debug)]
pub struct TagChange {
    /// The tag.
    pub tag: String,
    /// Whether it is set; if not it is removed.
    pub add: bool,
    /// On which machines.
    pub machines: Vec<String>,
}

/// A request that was answered 200 or 202.
#[derive(Clone, Debug)]
struct Exchange {
    asked: TagChange,
    id: String,
    sent: SendMoment,
    answered_at: u64,
}

/// The requests of a run.
#[derive(Debug, Default)]
pub struct History {
    moments: AtomicU64,
    /// All that anybody has asked for, answered or not.
    tried: Mutex<BTreeSet<MachineChange>>,
    exchanges: Mutex<Vec<Exchange>>,
}

/// A tag, whether it is set, and a machine.
type MachineChange = (String, bool, String);

/// The moment a request was first sent.
#[derive(Clone, Copy, Debug)]
pub struct SendMoment {
    /// In the history's own order.
    at: u64,
    /// By the clock that Defender's calls are counted by, in milliseconds since the Unix epoch.
    time_ms: u64,
}

impl History {
    /// A request is about to be sent for the first time.
    pub fn sending(&self, now_ms: i64) -> SendMoment {
        SendMoment { at: self.moments.fetch_add(1, Ordering::SeqCst), time_ms: now_ms.unsigned_abs() }
    }

    /// This is asked for, by a source that may, whether or not it will be answered.
    pub fn tried(&self, asked: &TagChange) {
        let change = |machine: &String| (asked.tag.clone(), asked.add, machine.clone());
        locked(&self.tried).extend(asked.machines.iter().map(change));
    }

    /// It was answered.
    pub fn answered(&self, asked: TagChange, id: String, sent: SendMoment) {
        let answered_at = self.moments.fetch_add(1, Ordering::SeqCst);
        self.tried(&asked);
        locked(&self.exchanges).push(Exchange { asked, id, sent, answered_at });
    }

    /// The ids of the requests that were answered.
    pub fn ids(&self) -> Vec<String> {
        locked(&self.exchanges).iter().map(|one| one.id.clone()).collect()
    }

    /// Holds the world against the history. `shown` has the relay's last word on each request, by id: each must
    /// be done, with a true outcome for each machine; Defender's machines must carry what the last requests say;
    /// nothing may have reached Defender that nobody asked for; no window may ever have been over.
    pub fn judge(&self, simulator: &Simulator, shown: &BTreeMap<String, Value>) -> Result<(), String> {
        let answered = locked(&self.exchanges);
        every_call_was_asked_for(&locked(&self.tried), simulator)?;
        every_outcome_is_true(&answered, simulator, shown)?;
        machines_carry_the_last_words(&answered, simulator)?;
        no_window_was_over(simulator)
    }
}

fn locked<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

fn every_call_was_asked_for(tried: &BTreeSet<MachineChange>, simulator: &Simulator) -> Result<(), String> {
    for call in simulator.arrivals() {
        for machine in call.machine_ids {
            let change = (call.value.clone(), call.action == "Add", machine);
            if !tried.contains(&change) {
                return Err(format!("nobody asked for {} {change:?}", call.action));
            }
        }
    }
    Ok(())
}

/// When Defender listed a machine in a 200 for the last time, by tag and action.
fn last_listed(calls: &[Arrival]) -> BTreeMap<(&str, bool, &str), u64> {
    let mut last = BTreeMap::new();
    for call in calls.iter().filter(|call| call.status == 200) {
        let at = call.received_at_ms;
        for machine in &call.listed {
            let known = last.entry((call.value.as_str(), call.action == "Add", machine.as_str()));
            known.and_modify(|known: &mut u64| *known = at.max(*known)).or_insert(at);
        }
    }
    last
}

fn no_window_was_over(simulator: &Simulator) -> Result<(), String> {
    let minute = simulator.most_in_window(60_000);
    let hour = simulator.most_in_window(3_600_000);
    if minute > 100 || hour > 1500 {
        return Err(format!("{minute} calls in a minute, {hour} in an hour"));
    }
    Ok(())
}

/// The requests for each machine and tag.
fn by_change(answered: &[Exchange]) -> BTreeMap<(&str, &str), Vec<&Exchange>> {
    let mut changes: BTreeMap<_, Vec<_>> = BTreeMap::new();
    for one in answered {
        for machine in &one.asked.machines {
            changes.entry((one.asked.tag.as_str(), machine.as_str())).or_default().push(one);
        }
    }
    changes
}

fn machines_carry_the_last_words(answered: &[Exchange], simulator: &Simulator) -> Result<(), String> {
    let tags_by_machine = simulator.machines();
    for ((tag, machine), requests) in by_change(answered) {
        let last_sent = requests.iter().map(|one| one.sent.at).max().unwrap_or_default();
        let last: BTreeSet<_> =
            requests.iter().filter(|one| one.answered_at > last_sent).map(|one| one.asked.add).collect();
        let carries = tags_by_machine.get(machine).is_some_and(|tags| tags.contains(tag));
        let exists = !machine.starts_with("dead");
        if (exists && !last.contains(&carries)) || (!exists && carries) {
            return Err(format!("{machine} carries {tag}: {carries}, asked for last: {last:?}"));
        }
    }
    Ok(())
}

fn every_outcome_is_true(
    answered: &[Exchange],
    simulator: &Simulator,
    shown: &BTreeMap<String, Value>,
) -> Result<(), String> {
    let calls = simulator.arrivals();
    let listed = last_listed(&calls);
    let changes = by_change(answered);
    for one in answered {
        let Some(request) = shown.get(&one.id).filter(|request| request["status"] == "done") else {
            return Err(format!("{} is not done: {:?}", one.id, shown.get(&one.id)));
        };
        for (place, machine) in one.asked.machines.iter().enumerate() {
            let tag = one.asked.tag.as_str();
            let outcome = request["machines"][place]["outcome"].as_str();
            let others = &changes[&(tag, machine.as_str())];
            let is_true = match outcome {
                Some("applied") => {
                    let listed_at = listed.get(&(tag, one.asked.add, machine.as_str()));
                    listed_at.is_some_and(|listed_at| *listed_at >= one.sent.time_ms)
                }
                Some("unknown_machine") => machine.starts_with("dead"),
                Some("superseded") => {
                    others.iter().any(|other| other.id != one.id && other.answered_at > one.sent.at)
                }
                _ => false,
            };
            if !is_true {
                return Err(format!("{machine} of {} is said to be {outcome:?}", one.id));
            }
        }
    }
    Ok(())
}
