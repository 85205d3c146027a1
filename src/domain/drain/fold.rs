//! The fold: turns the requests that wait into the batches that leave.
//!
//! Of several requests for the same machine and tag the last one decides. Those after the last opposite request join
//! it: one call serves them all. Those before are superseded. The changes are grouped by tag, action and class into
//! batches, urgent first, oldest first.
//!
//! Invariant: no two batches of one fold touch the same machine and tag, so they may be sent side by side. Every
//! pending machine is superseded, expired, in exactly one batch, or waits for the next fold because a tag that
//! differs only by case goes first. A batch carries one class, so nothing routine leaves with an urgent permit.

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

/// The change of one machine, and the requests that ask for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The machine.
    pub machine: MachineId,
    /// Where its outcome is written for the last request that asks for the change.
    pub slot: Slot,
    /// Where it is written for earlier requests that ask for the same change. This list is usually empty.
    pub joined: Vec<Slot>,
}

impl Member {
    /// Where the outcome is written, for each request that asks for the change: the last one first.
    pub fn slots(&self) -> impl Iterator<Item = Slot> + Clone + '_ {
        std::iter::once(self.slot).chain(self.joined.iter().copied())
    }
}

/// Changes of one tag, action and class that leave in one call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// The tag.
    pub tag: Tag,
    /// Whether the tag is set or removed.
    pub action: Action,
    /// The class of every change in it: the highest among the requests that ask for the change.
    pub priority: Priority,
    /// The machines.
    pub members: Vec<Member>,
}

/// What the drain does about the requests that wait.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Machines for which a later request asks for the opposite.
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
    /// Whether the requests are the whole backlog. If they are not, an older request that asks for the same is
    /// superseded unless its class is higher, so that the backlog becomes short enough to be read.
    pub whole: bool,
}

/// Folds requests, which must be sorted by their order, into a plan.
pub fn fold(requests: &[RequestRecord], rules: Rules) -> Plan {
    let mut plan = Plan::default();
    let decided = decide(requests, rules.whole, &mut plan);
    let alive = split_off_expired(requests, decided, rules.expired_before, &mut plan);
    let going = split_off_waiting(requests, alive, &mut plan);
    plan.batches = group_into_batches(requests, going, rules.machines_per_call.max(1));
    plan
}

/// Goes through the pending machines from the last one back: the first one of a machine and tag decides.
fn decide(requests: &[RequestRecord], whole: bool, plan: &mut Plan) -> Vec<Member> {
    let machines = requests.iter().map(|record| record.outcomes.len()).sum();
    let mut places: HashMap<(&Tag, MachineId), usize> = HashMap::with_capacity(machines);
    let mut members: Vec<Member> = Vec::with_capacity(machines);
    // Whether an opposite request stands before those that have joined.
    let mut is_closed: Vec<bool> = Vec::with_capacity(machines);
    for (request, record) in requests.iter().enumerate().rev() {
        let pending = record.outcomes.iter().enumerate().filter(|(_, outcome)| !outcome.is_final());
        for (machine, _) in pending {
            let slot = Slot { request, machine };
            let id = record.request.machines[machine];
            let place = *places.entry((&record.request.tag, id)).or_insert(members.len());
            let Some(member) = members.get_mut(place) else {
                members.push(Member { machine: id, slot, joined: Vec::new() });
                is_closed.push(false);
                continue;
            };
            let last = &requests[member.slot.request].request;
            is_closed[place] |= last.action != record.request.action;
            let is_needed = whole || record.request.priority < last.priority;
            if is_closed[place] || !is_needed { plan.superseded.push(slot) } else { member.joined.push(slot) }
        }
    }
    members.reverse();
    members
}

/// Runs after superseding. Otherwise the later of two opposite changes could expire, and the earlier one be sent.
fn split_off_expired(
    requests: &[RequestRecord],
    members: Vec<Member>,
    expired_before: Timestamp,
    plan: &mut Plan,
) -> Vec<Member> {
    let has_expired = |slot: &Slot| requests[slot.request].queued_at < expired_before;
    let mut alive = Vec::with_capacity(members.len());
    for mut member in members {
        plan.expired.extend(member.slots().filter(has_expired));
        member.joined.retain(|slot| !has_expired(slot));
        if !has_expired(&member.slot) {
            alive.push(member);
        } else if !member.joined.is_empty() {
            member.slot = member.joined.remove(0);
            alive.push(member);
        }
    }
    alive
}

/// Defender may treat tags that differ only by case as one tag, so the earlier change goes first, alone.
fn split_off_waiting(requests: &[RequestRecord], members: Vec<Member>, plan: &mut Plan) -> Vec<Member> {
    let mut folded: HashMap<&Tag, String> = HashMap::new();
    for record in requests {
        folded.entry(&record.request.tag).or_insert_with(|| record.request.tag.folded());
    }
    let mut claimed = HashSet::with_capacity(members.len());
    let mut going = Vec::with_capacity(members.len());
    for member in members {
        let tag = &requests[member.slot.request].request.tag;
        if claimed.insert((folded.get(tag), member.machine)) {
            going.push(member);
        } else {
            plan.waiting += member.slots().count();
        }
    }
    going
}

/// The class of a change, and the place of the oldest request that asks for it.
type Rank = (Priority, Option<(Option<Order>, Slot)>);

fn rank(requests: &[RequestRecord], member: &Member) -> Rank {
    let records = member.slots().map(|slot| (&requests[slot.request], slot));
    let class = records.clone().map(|(record, _)| record.request.priority).min();
    (class.unwrap_or(Priority::Routine), records.map(|(record, slot)| (record.queued, slot)).min())
}

/// Groups changes by tag, action and class, and sorts the batches by their first change.
fn group_into_batches(
    requests: &[RequestRecord],
    mut going: Vec<Member>,
    machines_per_call: usize,
) -> Vec<Batch> {
    going.sort_unstable_by_key(|member| rank(requests, member));
    let mut open: HashMap<(&Tag, Action, Priority), usize> = HashMap::new();
    let mut batches: Vec<Batch> = Vec::new();
    for member in going {
        let request = &requests[member.slot.request].request;
        let (priority, _) = rank(requests, &member);
        let place = open.entry((&request.tag, request.action, priority)).or_insert(usize::MAX);
        let room = batches.get_mut(*place).filter(|batch| batch.members.len() < machines_per_call);
        if let Some(batch) = room {
            batch.members.push(member);
            continue;
        }
        *place = batches.len();
        let members = vec![member];
        batches.push(Batch { tag: request.tag.clone(), action: request.action, priority, members });
    }
    batches
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
mod model;
#[cfg(test)]
mod tests;
