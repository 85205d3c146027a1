//! Changes that Defender leaves unanswered while it answers others. They rest, longer each time, so that they neither hold
//! up anything else nor cost many calls.
//!
//! Invariant: this is a memory of one process. Whoever forgets it spends calls, and never loses a change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::domain::drain::Batch;
use crate::domain::{Action, MachineId, Tag, Timestamp};

/// Milliseconds of the first rest; doubled with each.
const FIRST_REST_MS: i64 = 60_000;
/// Doublings at most: about a quarter of an hour.
const DOUBLINGS_MAX: u32 = 4;
/// Milliseconds after its rest that a change is still known, so that its next rest is longer.
const KNOWN_MS: i64 = 3_600_000;
/// Changes that are known at most; beyond, all are forgotten.
const KNOWN_MAX: usize = 1_000;

type Change = (Tag, Action, MachineId);

#[derive(Debug)]
struct Rest {
    times: u32,
    until: Timestamp,
}

/// The changes that rest.
#[derive(Debug, Default)]
pub(super) struct Resting(Mutex<HashMap<Change, Rest>>);

impl Resting {
    /// Lets the changes of these machines rest.
    pub(super) fn rest(&self, batch: &Batch, machines: &[MachineId], now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, rest| rest.until.plus_ms(KNOWN_MS) > now);
        if known.len() + machines.len() > KNOWN_MAX {
            known.clear();
        }
        for machine in machines {
            let change = (batch.tag.clone(), batch.action, *machine);
            let rest = known.entry(change).or_insert(Rest { times: 0, until: now });
            rest.until = now.plus_ms(FIRST_REST_MS << rest.times.min(DOUBLINGS_MAX));
            rest.times += 1;
        }
    }

    /// The batches without what rests now.
    pub(super) fn without(&self, mut batches: Vec<Batch>, now: Timestamp) -> Vec<Batch> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.is_empty() {
            return batches;
        }
        for Batch { tag, action, members, .. } in &mut batches {
            members.retain(|(machine, _)| {
                known.get(&(tag.clone(), *action, *machine)).is_none_or(|rest| rest.until <= now)
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
    use crate::domain::drain::Slot;

    fn batch(machines: &[u8]) -> Batch {
        let member = |n: &u8| (MachineId::from_bytes([*n; 20]), Slot { request: 0, machine: 0 });
        let members = machines.iter().map(member).collect();
        Batch { tag: Tag::parse("vip").unwrap(), action: Action::Add, priority: Priority::Routine, members }
    }

    #[test]
    fn a_change_rests_longer_each_time_and_alone() {
        let (resting, mut now) = (Resting::default(), Timestamp::default());
        let one = [MachineId::from_bytes([1; 20])];
        for rest_ms in [60_000, 120_000, 240_000, 480_000, 960_000, 960_000] {
            resting.rest(&batch(&[1, 2]), &one, now);
            let left = |ms| resting.without(vec![batch(&[1, 2]), batch(&[1])], now.plus_ms(ms));
            assert_eq!(left(rest_ms - 1), [batch(&[2])], "{rest_ms}");
            assert_eq!(left(rest_ms).len(), 2, "{rest_ms}");
            now = now.plus_ms(rest_ms);
        }
    }

    #[test]
    fn the_opposite_change_does_not_rest() {
        let resting = Resting::default();
        resting.rest(&batch(&[1]), &[MachineId::from_bytes([1; 20])], Timestamp::default());
        let opposite = Batch { action: Action::Remove, ..batch(&[1]) };
        assert_eq!(resting.without(vec![opposite.clone()], Timestamp::default()), [opposite]);
    }

    #[test]
    fn no_more_are_known_than_there_is_room_for() {
        let resting = Resting::default();
        let machine = |n: u32| {
            let mut bytes = [0; 20];
            bytes[..4].copy_from_slice(&n.to_be_bytes());
            MachineId::from_bytes(bytes)
        };
        for n in 0..3_000 {
            resting.rest(&batch(&[1]), &[machine(n)], Timestamp::default());
        }
        assert!(resting.0.lock().unwrap().len() <= KNOWN_MAX);
    }
}
