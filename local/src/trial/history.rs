//! What was asked and answered, and whether Defender's machines ended as it says.
//!
//! Whoever looks from outside knows of two requests that one is later only if it was sent after the other was
//! answered. So of each machine and tag a request may be the last if none was sent after its answer.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::Value;
use simulator::Simulator;

/// What a request asked for.
#[derive(Clone, Debug)]
pub struct Asked {
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
    asked: Asked,
    id: String,
    sent_at: u64,
    answered_at: u64,
}

/// The requests of a run.
#[derive(Debug, Default)]
pub struct History {
    moments: AtomicU64,
    exchanges: std::sync::Mutex<Vec<Exchange>>,
}

/// The moment a request was first sent, in the history's own order.
#[derive(Clone, Copy, Debug)]
pub struct Sent(u64);

impl History {
    /// A request is about to be sent.
    pub fn sending(&self) -> Sent {
        Sent(self.moments.fetch_add(1, Ordering::SeqCst))
    }

    /// It was answered.
    pub fn answered(&self, asked: Asked, id: String, sent: Sent) {
        let answered_at = self.moments.fetch_add(1, Ordering::SeqCst);
        self.lock().push(Exchange { asked, id, sent_at: sent.0, answered_at });
    }

    /// The ids of the requests that were answered.
    pub fn ids(&self) -> Vec<String> {
        self.lock().iter().map(|one| one.id.clone()).collect()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Exchange>> {
        self.exchanges.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// Holds the world against the history. `shown` has the relay's last word on each request, by id: each must
    /// be done, with a true outcome for each machine; Defender's machines must carry what the last requests say;
    /// no window may ever have been over.
    pub fn judge(&self, simulator: &Simulator, shown: &BTreeMap<String, Value>) -> Result<(), String> {
        let answered = self.lock();
        every_outcome_is_true(&answered, simulator, shown)?;
        machines_carry_the_last_words(&answered, simulator)?;
        no_window_was_over(simulator)
    }
}

fn no_window_was_over(simulator: &Simulator) -> Result<(), String> {
    let (minute, hour) = (simulator.most_in_window(60_000), simulator.most_in_window(3_600_000));
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
        let last_sent = requests.iter().map(|one| one.sent_at).max().unwrap_or_default();
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
    let arrivals = simulator.arrivals();
    let applied = arrivals.iter().filter(|call| call.status == 200);
    let applied: BTreeSet<_> = applied
        .flat_map(|call| {
            call.machine_ids.iter().map(|id| (call.value.as_str(), call.action == "Add", id.as_str()))
        })
        .collect();
    let changes = by_change(answered);
    for one in answered {
        let Some(request) = shown.get(&one.id).filter(|request| request["status"] == "done") else {
            return Err(format!("{} is not done: {:?}", one.id, shown.get(&one.id)));
        };
        for (place, machine) in one.asked.machines.iter().enumerate() {
            let (tag, outcome) = (one.asked.tag.as_str(), request["machines"][place]["outcome"].as_str());
            let others = &changes[&(tag, machine.as_str())];
            let is_true = match outcome {
                Some("applied") => applied.contains(&(tag, one.asked.add, machine)),
                Some("unknown_machine") => machine.starts_with("dead"),
                Some("superseded") => {
                    others.iter().any(|other| other.id != one.id && other.answered_at > one.sent_at)
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
