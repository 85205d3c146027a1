//! The fold: turns the requests that wait into the batches that leave.
//!
//! If several requests name the same machine and tag, the last one decides and the others are superseded. The
//! remaining changes are grouped by tag and action into batches, urgent first, oldest first.
//!
//! Invariant: no two batches of one fold touch the same machine and tag, so they may be sent side by side. Every
//! pending machine is superseded, expired, in exactly one batch, or waits for the next fold because a tag that
//! differs only by case goes first.

use std::collections::{HashMap, HashSet};

use crate::domain::{Action, MachineId, Order, Outcome, Priority, RequestRecord, Tag, Timestamp};

/// A machine of a request: the place where its outcome is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Slot {
    /// Index of the request among the folded requests.
    pub request: usize,
    /// Index of the machine in the request.
    pub machine: usize,
}

/// Changes of one tag and action that leave in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The tag.
    pub tag: Tag,
    /// Whether the tag is set or removed.
    pub action: Action,
    /// The highest class among the requests it serves.
    pub priority: Priority,
    /// The machines, each with the place of its outcome.
    pub members: Vec<(MachineId, Slot)>,
}

/// What the drain does about the requests that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Machines whose change another request has taken over.
    pub superseded: Vec<Slot>,
    /// Machines whose request has waited too long.
    pub expired: Vec<Slot>,
    /// The batches to send, in this order.
    pub batches: Vec<Batch>,
    /// Machines that wait for the next fold.
    pub waiting: usize,
}

/// What the fold needs to know beside the requests.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// Requests that were queued before this moment have expired.
    pub expired_before: Timestamp,
    /// Machines a call may carry.
    pub machines_per_call: usize,
}

/// Folds requests, which must be sorted by their order, into a plan.
pub fn fold(requests: &[RequestRecord], rules: Rules) -> Plan {
    let mut plan = Plan::default();
    let alive = split_off_expired(requests, rules.expired_before, &mut plan);
    let survivors = split_off_superseded(requests, &alive, &mut plan);
    let going = split_off_waiting(requests, &survivors, &mut plan);
    plan.batches = group_into_batches(requests, &going, rules.machines_per_call.max(1));
    plan
}

fn split_off_expired(requests: &[RequestRecord], expired_before: Timestamp, plan: &mut Plan) -> Vec<Slot> {
    let mut alive = Vec::new();
    for (request, record) in requests.iter().enumerate() {
        let has_expired = record.queued_at < expired_before;
        let pending = record.outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.is_final());
        let slots = pending.map(|(machine, _)| Slot { request, machine });
        if has_expired { plan.expired.extend(slots) } else { alive.extend(slots) }
    }
    alive
}

/// Goes through the slots from the last one back: the first slot of a machine and tag decides.
fn split_off_superseded(requests: &[RequestRecord], alive: &[Slot], plan: &mut Plan) -> Vec<Slot> {
    let mut decided = HashSet::with_capacity(alive.len());
    let mut survivors = Vec::with_capacity(alive.len());
    for &slot in alive.iter().rev() {
        let (tag, machine) = change_of(requests, slot);
        if decided.insert((tag, machine)) { survivors.push(slot) } else { plan.superseded.push(slot) }
    }
    survivors.reverse();
    survivors
}

/// Defender may treat tags that differ only by case as one tag, so the earlier change goes first, alone.
fn split_off_waiting(requests: &[RequestRecord], survivors: &[Slot], plan: &mut Plan) -> Vec<Slot> {
    let mut folded: HashMap<&Tag, String> = HashMap::new();
    for record in requests {
        folded.entry(&record.request.tag).or_insert_with(|| record.request.tag.folded());
    }
    let mut claimed = HashSet::with_capacity(survivors.len());
    let mut going = Vec::with_capacity(survivors.len());
    for &slot in survivors {
        let (tag, machine) = change_of(requests, slot);
        if claimed.insert((folded.get(tag), machine)) { going.push(slot) } else { plan.waiting += 1 }
    }
    going
}

fn change_of(requests: &[RequestRecord], slot: Slot) -> (&Tag, MachineId) {
    let request = &requests[slot.request].request;
    (&request.tag, request.machines[slot.machine])
}

/// Groups changes by tag and action, and sorts the batches by their first change.
fn group_into_batches(requests: &[RequestRecord], going: &[Slot], machines_per_call: usize) -> Vec<Batch> {
    let mut groups: HashMap<(&Tag, Action), Vec<Slot>> = HashMap::new();
    for &slot in going {
        let request = &requests[slot.request].request;
        groups.entry((&request.tag, request.action)).or_default().push(slot);
    }
    let rank = |slot: &Slot| -> (Priority, Option<Order>, Slot) {
        let record = &requests[slot.request];
        (record.request.priority, record.queued, *slot)
    };
    let mut ranked = Vec::new();
    for ((tag, action), mut slots) in groups {
        slots.sort_unstable_by_key(rank);
        for chunk in slots.chunks(machines_per_call) {
            let Some(first) = chunk.first().map(rank) else { continue };
            let (priority, ..) = first;
            let member = |&slot: &Slot| {
                let (_, machine) = change_of(requests, slot);
                (machine, slot)
            };
            let members = chunk.iter().map(member).collect();
            ranked.push((first, Batch { tag: tag.clone(), action, priority, members }));
        }
    }
    ranked.sort_unstable_by_key(|(first, _)| *first);
    ranked.into_iter().map(|(_, batch)| batch).collect()
}

/// Writes one outcome into the places of some machines.
pub fn set_outcome(requests: &mut [RequestRecord], slots: &[Slot], outcome: &Outcome) {
    for slot in slots {
        let record = requests.get_mut(slot.request);
        if let Some(place) = record.and_then(|record| record.outcomes.get_mut(slot.machine)) {
            *place = outcome.clone();
        }
    }
}

#[cfg(test)]
mod tests;
