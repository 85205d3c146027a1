//! The quarantine: changes that Defender leaves unanswered while it answers others. They are not sent for a while, longer
//! each time, so that they neither hold up anything else nor cost many calls.
//!
//! Invariant: this is a memory of one process. A process that forgets it spends calls, but never loses a change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::drain::Batch;
use crate::domain::{Action, MachineId, Tag, Timestamp};

/// Milliseconds of the first stay; doubled with each.
const FIRST_STAY_MS: i64 = 60_000;
/// Doublings at most: about a quarter of an hour.
const DOUBLINGS_MAX: u32 = 4;
/// Milliseconds after its stay that a change is still known, so that its next stay is longer.
const KNOWN_MS: i64 = 3_600_000;
/// Changes that are known at most; beyond, all are forgotten.
const KNOWN_MAX: usize = 1_000;

/// What tells one change from another.
type ChangeKey = (Tag, Action, MachineId);

/// The stay of one change.
#[derive(Debug)]
struct Stay {
    /// Stays so far.
    times: u32,
    until: Timestamp,
}

/// The changes that are not sent for a while.
#[derive(Debug, Default)]
pub(in crate::relay) struct Quarantine(Mutex<HashMap<ChangeKey, Stay>>);

impl Quarantine {
    /// Keeps the changes of these machines from being sent for a while.
    pub(super) fn isolate(&self, batch: &Batch, machines: &[MachineId], now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, stay| stay.until.plus_ms(KNOWN_MS) > now);
        if known.len() + machines.len() > KNOWN_MAX {
            known.clear();
        }
        for machine in machines {
            let change = (batch.tag.clone(), batch.action, *machine);
            let stay = known.entry(change).or_insert(Stay { times: 0, until: now });
            stay.until = now.plus_ms(FIRST_STAY_MS << stay.times.min(DOUBLINGS_MAX));
            stay.times += 1;
        }
    }

    /// The batches without the changes that are isolated now.
    pub(super) fn without_isolated(&self, mut batches: Vec<Batch>, now: Timestamp) -> Vec<Batch> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return batches;
        }
        for Batch { tag, action, members, .. } in &mut batches {
            members.retain(|member| {
                known.get(&(tag.clone(), *action, member.machine)).is_none_or(|stay| stay.until <= now)
            });
        }
        batches.retain(|batch| !batch.members.is_empty());
        batches
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Priority;
    use crate::domain::drain::{Member, Slot};

    fn batch(machines: &[u8]) -> Batch {
        let member = |n: &u8| Member {
            machine: MachineId::from_bytes([*n; 20]),
            slot: Slot { request: 0, machine: 0 },
            joined: Vec::new(),
        };
        let members = machines.iter().map(member).collect();
        Batch { tag: Tag::parse("vip").unwrap(), action: Action::Add, priority: Priority::Routine, members }
    }

    #[test]
    fn a_change_stays_longer_each_time_and_alone() {
        let quarantine = Quarantine::default();
        let mut now = Timestamp::default();
        let one = [MachineId::from_bytes([1; 20])];
        for stay_ms in [60_000, 120_000, 240_000, 480_000, 960_000, 960_000] {
            quarantine.isolate(&batch(&[1, 2]), &one, now);
            let left = |ms| quarantine.without_isolated(vec![batch(&[1, 2]), batch(&[1])], now.plus_ms(ms));
            assert_eq!(left(stay_ms - 1), [batch(&[2])], "{stay_ms}");
            assert_eq!(left(stay_ms).len(), 2, "{stay_ms}");
            now = now.plus_ms(stay_ms);
        }
    }

    #[test]
    fn the_opposite_change_is_not_isolated() {
        let quarantine = Quarantine::default();
        quarantine.isolate(&batch(&[1]), &[MachineId::from_bytes([1; 20])], Timestamp::default());
        let opposite = Batch { action: Action::Remove, ..batch(&[1]) };
        assert_eq!(quarantine.without_isolated(vec![opposite.clone()], Timestamp::default()), [opposite]);
    }

    #[test]
    fn no_more_changes_are_known_than_there_is_room_for() {
        let quarantine = Quarantine::default();
        let machine = |n: u32| {
            let mut bytes = [0; 20];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            MachineId::from_bytes(bytes)
        };
        for n in 0..3_000 {
            quarantine.isolate(&batch(&[1]), &[machine(n)], Timestamp::default());
        }
        assert!(quarantine.0.lock().unwrap().len() <= KNOWN_MAX);
    }
}
