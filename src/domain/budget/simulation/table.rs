//! The table as the budget's writes see it: one item, one write at a time, each under its condition.

use super::super::decide::Decision;
use super::super::ledger::{Ledger, RULES_VERSION};
use super::super::limits::Limits;
use super::check::Counting;
use super::faults::PlantedFault;
use crate::domain::values::{Priority, Timestamp};

/// A write on its way.
#[derive(Clone, Debug)]
pub(super) enum Write {
    /// What an instance decided, by its limits and its clock.
    Decided { decision: Decision, class: Priority, limits: Limits, now: Timestamp },
    /// The pause and the charge after a call that Defender refused.
    Charge { seen: Box<Ledger>, next: Box<Ledger> },
    /// Takes a call off the head's count: only a planted fault does.
    GiveBack,
}

/// The item after a write, or the one that refused it.
pub(super) type WriteReply = Result<Box<Ledger>, Option<Box<Ledger>>>;

/// The item.
#[derive(Debug)]
pub(super) struct ClusterTable {
    fault: PlantedFault,
    ledger: Option<Ledger>,
    /// Every counting, in order.
    pub(super) countings: Vec<Counting>,
    /// Calls counted while a pause stood.
    pub(super) in_pause: usize,
}

impl ClusterTable {
    pub(super) fn new(fault: PlantedFault) -> Self {
        Self { fault, ledger: None, countings: Vec::new(), in_pause: 0 }
    }

    /// Carries a write out and returns the item after it, or refuses it and returns the item that stands.
    pub(super) fn apply(&mut self, write: &Write) -> WriteReply {
        let next = match write {
            Write::Decided { decision, class, limits, now } => self.decided(decision, *class, *limits, *now),
            Write::Charge { seen, next } => self.charge(seen, next),
            Write::GiveBack => {
                self.ledger.clone().map(|ledger| Ledger { calls: ledger.calls.saturating_sub(1), ..ledger })
            }
        };
        let Some(next) = next else { return Err(self.ledger.clone().map(Box::new)) };
        if let Write::Decided { class, now, .. } = write {
            let paused = self.ledger.as_ref().is_some_and(|before| before.paused_until > *now);
            self.in_pause += usize::from(paused);
            self.countings.push(Counting { second: next.head, class: *class });
        }
        self.ledger = Some(next.clone());
        Ok(Box::new(next))
    }

    fn decided(
        &self,
        decision: &Decision,
        class: Priority,
        limits: Limits,
        now: Timestamp,
    ) -> Option<Ledger> {
        let Some(ledger) = &self.ledger else {
            let Decision::Open(first) = decision else { return None };
            return Some((**first).clone());
        };
        if ledger.rules != RULES_VERSION
            || (ledger.paused_until > now && self.fault != PlantedFault::PauseIgnored)
        {
            return None;
        }
        let holds = self.fault == PlantedFault::ViewTrusted
            || match decision {
                Decision::Open(_) | Decision::Draw => self.has_room(ledger, class, limits, now),
                Decision::Roll { seen, .. } => {
                    *seen == (ledger.head, ledger.calls) || self.fault == PlantedFault::RollWithoutCompare
                }
                _ => false,
            };
        match decision {
            _ if !holds => None,
            Decision::Roll { next, .. } => {
                let next = self.fault.rolled((**next).clone(), limits);
                Some(Ledger { paused_until: ledger.paused_until, ..next })
            }
            _ => Some(Ledger { calls: ledger.calls + 1, ..ledger.clone() }),
        }
    }

    fn has_room(&self, ledger: &Ledger, class: Priority, limits: Limits, now: Timestamp) -> bool {
        let class = self.fault.class(class);
        (now.second()..=now.second() + 1).contains(&ledger.head)
            && ledger.calls < ledger.room.of(class)
            && ledger.room_for == limits.terms()
    }

    fn charge(&self, seen: &Ledger, next: &Ledger) -> Option<Ledger> {
        let stands = self.ledger.as_ref()?;
        let as_seen =
            (seen.head, seen.calls, seen.paused_until) == (stands.head, stands.calls, stands.paused_until);
        as_seen.then(|| next.clone())
    }
}
