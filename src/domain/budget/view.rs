//! What one instance knows of the budget, and what it learns from each of its writes.
//!
//! Invariant: a permit comes only out of a write that was carried out.

use super::decide::{Decision, decide};
use super::ledger::Ledger;
use super::limits::Limits;
use super::permit::Permit;
use crate::domain::values::{Priority, Timestamp};

/// Milliseconds over which instances that know of each other come back to new room.
const SPREAD_MS: u32 = 750;

/// The ledger as one instance last saw it.
#[derive(Clone, Debug, Default)]
pub struct View {
    ledger: Option<Ledger>,
    /// Whether another instance has changed the ledger since it was seen before.
    rivals: bool,
}

impl View {
    /// The view of an instance that has seen this ledger.
    pub const fn of(ledger: Option<Ledger>) -> Self {
        Self { ledger, rivals: false }
    }

    /// The ledger last seen.
    pub const fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    /// What to do for the permit to make one call of this class.
    pub fn decide(&self, class: Priority, limits: Limits, now: Timestamp) -> Decision {
        decide(self.ledger.as_ref(), self.rivals, class, limits, now)
    }

    /// A write that counts one call was carried out, and `stands` is the ledger after it.
    pub fn granted(&mut self, stands: Ledger) -> Permit {
        let expected = match &self.ledger {
            Some(seen) if seen.head == stands.head => seen.calls.saturating_add(1),
            _ => 1,
        };
        self.rivals |= stands.calls != expected;
        let permit = Permit { second: stands.head };
        self.ledger = Some(stands);
        permit
    }

    /// A write was refused, and `stands` is the ledger that refused it, if there is one. Call this also with a
    /// ledger that was read, or replaced without counting a call.
    pub fn refused(&mut self, stands: Option<Ledger>) {
        self.rivals = stands.is_some() && self.ledger != stands;
        self.ledger = stands;
    }

    /// When to come back for room that appears at `moment`: then, or a little later where other instances may come
    /// too.
    /// `jitter` is a random number.
    pub fn come_back(&self, moment: Timestamp, jitter: u32) -> Timestamp {
        if self.rivals { moment.plus_ms(i64::from(jitter % SPREAD_MS)) } else { moment }
    }

    /// The ledger to write when Defender refuses a call although every call had its permit: no permit before
    /// `until`, and the rest of the minute charged to the others that use the app.
    pub fn charged(&self, until: Timestamp, limits: Limits, now: Timestamp) -> Option<Ledger> {
        self.ledger.as_ref().map(|ledger| ledger.charged(now, until, limits))
    }
}
