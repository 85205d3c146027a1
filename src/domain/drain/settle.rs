//! Settles a batch: turns Defender's answers into one outcome for each machine.
//!
//! One machine at fault makes the whole call fail. If the answer names machines, they are taken out and the rest
//! is sent again. If it names none, the call is halved until the machine at fault is alone. Nothing here sends:
//! the drain asks for the next part, sends it and hands the verdict back.
//!
//! Invariant: at the end every machine of the batch has one outcome, or none if it waits for the next round. The
//! outcome is `Applied` only if a 200 listed the machine. A machine is unknown or rejected only by an answer about this
//! machine, except where Defender refuses the tag. The number of calls is bounded.

use std::collections::{HashMap, HashSet, VecDeque};

use super::call::{Refusal, Verdict};
use super::fold::Member;
use crate::domain::{MachineId, Outcome};

/// Calls a batch may spend on halving in one round. One machine at fault among 500 takes 18. What is not judged then
/// waits for the next round.
const HALVINGS_PER_BATCH: u32 = 40;

/// If this many machines in a row were refused alone with the same code and none was ever listed, Defender refuses the
/// tag. A tag that is refused must not spend the hour.
const REFUSED_ALONE_IN_A_ROW: usize = 3;

/// Calls that may name unknown machines before the rest waits for the next round. Answers that name one machine
/// at a time must not keep all other batches waiting.
const NAMINGS_PER_BATCH: u32 = 60;

/// A part of a batch: the machines of one call.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Part {
    machines: Vec<MachineId>,
    sent_before: bool,
}

/// A batch on its way to an outcome for each machine.
#[derive(Debug)]
pub struct Settling<'a> {
    parts: VecDeque<Part>,
    outcomes: HashMap<MachineId, Outcome>,
    halvings_left: u32,
    namings_left: u32,
    /// The batch, with the requests that ask for each machine's change.
    members: &'a [Member],
    /// The machines that were refused alone, in a row with the same code.
    refused_alone: Vec<MachineId>,
    /// That code.
    refused_code: String,
    /// Whether any machine was listed. Then Defender refuses neither the tag nor the action.
    any_listed: bool,
}

impl<'a> Settling<'a> {
    /// A batch of which nothing is sent yet.
    pub fn new(members: &'a [Member]) -> Self {
        let machines: Vec<_> = members.iter().map(|member| member.machine).collect();
        let mut settling = Self {
            parts: VecDeque::new(),
            outcomes: HashMap::with_capacity(machines.len()),
            halvings_left: HALVINGS_PER_BATCH,
            namings_left: NAMINGS_PER_BATCH,
            members,
            refused_alone: Vec::new(),
            refused_code: String::new(),
            any_listed: false,
        };
        settling.push_back(machines, false);
        settling
    }

    /// The machines of the next call, or nothing when the batch is settled.
    pub fn next_call(&self) -> Option<&[MachineId]> {
        self.parts.front().map(|part| part.machines.as_slice())
    }

    /// Whether the one machine of [`Self::next_call`] is sent once more after this verdict.
    pub fn asks_again_after(&self, verdict: &Verdict) -> bool {
        let part = self.parts.front().filter(|part| part.machines.len() == 1 && !part.sent_before);
        part.is_some() && matches!(verdict, Verdict::NotFound(_))
    }

    /// Bisects the batch to isolate the machine whose calls time out. Call this after [`Self::next_call`] timed out
    /// although Defender answers other calls. A machine that is alone gets no outcome here and waits for another
    /// round. The method returns such machines.
    pub fn bisect(&mut self) -> Vec<MachineId> {
        let Some(part) = self.parts.pop_front() else { return Vec::new() };
        if part.machines.len() == 1 || self.halvings_left < 2 {
            return part.machines;
        }
        self.split(part);
        Vec::new()
    }

    /// The outcomes so far.
    pub fn into_outcomes(self) -> HashMap<MachineId, Outcome> {
        self.outcomes
    }

    /// Takes in Defender's verdict on the machines of [`Self::next_call`].
    pub fn absorb(&mut self, verdict: Verdict) {
        let Some(part) = self.parts.pop_front() else { return };
        match verdict {
            Verdict::Listed(listed) => self.absorb_listed(part, &listed),
            Verdict::Unknown(unknown) => self.absorb_named(part, &unknown, &Outcome::UnknownMachine),
            Verdict::NamedRefused(named, refusal) => {
                self.absorb_named(part, &named, &Outcome::Rejected(refusal.detail()));
            }
            Verdict::NotFound(_) => self.absorb_not_found(part),
            Verdict::Refused(refusal) => self.absorb_refused(part, &refusal),
        }
    }

    fn absorb_listed(&mut self, part: Part, listed: &[MachineId]) {
        self.any_listed |= !listed.is_empty();
        let listed: HashSet<_> = listed.iter().collect();
        let (present, missing): (Vec<_>, Vec<_>) =
            part.machines.into_iter().partition(|machine| listed.contains(machine));
        self.settle(present, &Outcome::Applied);
        if part.sent_before {
            self.settle(missing, &Outcome::Unconfirmed);
        } else {
            self.push_back(missing, true);
        }
    }

    /// The answer is about these machines alone; the others are sent again.
    fn absorb_named(&mut self, part: Part, named: &[MachineId], outcome: &Outcome) {
        let named: HashSet<_> = named.iter().collect();
        let (gone, rest): (Vec<_>, Vec<_>) =
            part.machines.into_iter().partition(|machine| named.contains(machine));
        self.settle(gone, outcome);
        self.push_front(rest, part.sent_before);
        self.namings_left -= 1;
        if self.namings_left == 0 {
            self.parts.clear();
        }
    }

    /// A machine that is alone is sent once more, because Defender has answered 404 for machines that succeed a
    /// moment later.
    fn absorb_not_found(&mut self, part: Part) {
        match (part.machines.len(), part.sent_before) {
            (1, false) => self.push_back(part.machines, true),
            (1, true) => self.settle(part.machines, &Outcome::UnknownMachine),
            _ => self.halve(part),
        }
    }

    fn absorb_refused(&mut self, part: Part, refusal: &Refusal) {
        let &[machine] = part.machines.as_slice() else { return self.halve(part) };
        self.settle(part.machines, &Outcome::Rejected(refusal.detail()));
        if self.any_listed {
            return;
        }
        if self.refused_code != refusal.code {
            self.refused_alone.clear();
            self.refused_code.clone_from(&refusal.code);
        }
        self.refused_alone.push(machine);
        if self.refused_alone.len() >= REFUSED_ALONE_IN_A_ROW {
            return self.reject_the_same_requests(refusal);
        }
        self.send_a_distant_one();
    }

    /// Machines at fault often stand side by side. Before all machines are rejected, one that stands far from them
    /// is sent alone.
    fn send_a_distant_one(&mut self) {
        let Some(Part { mut machines, sent_before }) = self.parts.pop_back() else { return };
        let at = if self.refused_alone.len() == 1 { machines.len() - 1 } else { machines.len() / 2 };
        let alone = machines.remove(at);
        self.push_back(machines, sent_before);
        self.push_front(vec![alone], sent_before);
    }

    /// Halves a part, or leaves it to the next round: nothing is known of its machines yet.
    fn halve(&mut self, part: Part) {
        if self.halvings_left >= 2 {
            self.split(part);
        }
    }

    fn split(&mut self, part: Part) {
        self.halvings_left = self.halvings_left.saturating_sub(2);
        let mut first = part.machines;
        let second = first.split_off(first.len() / 2);
        self.push_front(second, part.sent_before);
        self.push_front(first, part.sent_before);
    }

    /// Defender refuses the tag. Rejects what is left of the requests of which a machine was refused alone.
    fn reject_the_same_requests(&mut self, refusal: &Refusal) {
        let requests = |member: &Member| member.slots().map(|slot| slot.request).collect::<Vec<_>>();
        let requests: HashMap<_, _> =
            self.members.iter().map(|member| (member.machine, requests(member))).collect();
        let requests_of = |machine| requests.get(machine).into_iter().flatten();
        let refused: HashSet<_> = self.refused_alone.iter().flat_map(requests_of).collect();
        let is_refused = |machine: &MachineId| {
            requests.get(machine).is_some_and(|of| of.iter().all(|request| refused.contains(request)))
        };
        let mut rejected = Vec::new();
        for part in &mut self.parts {
            let (gone, rest) = std::mem::take(&mut part.machines).into_iter().partition(is_refused);
            part.machines = rest;
            rejected.push(gone);
        }
        self.parts.retain(|part| !part.machines.is_empty());
        for machines in rejected {
            self.settle(machines, &Outcome::Rejected(refusal.tag_detail()));
        }
    }

    fn settle(&mut self, machines: Vec<MachineId>, outcome: &Outcome) {
        self.outcomes.extend(machines.into_iter().map(|machine| (machine, outcome.clone())));
    }

    fn push_front(&mut self, machines: Vec<MachineId>, sent_before: bool) {
        if !machines.is_empty() {
            self.parts.push_front(Part { machines, sent_before });
        }
    }

    fn push_back(&mut self, machines: Vec<MachineId>, sent_before: bool) {
        if !machines.is_empty() {
            self.parts.push_back(Part { machines, sent_before });
        }
    }
}

#[cfg(test)]
mod tests;
