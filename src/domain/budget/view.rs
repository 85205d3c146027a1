//! What one holder knows of the budget, and what it learns from each of its writes.
//!
//! Invariant: a permit comes only out of a write that was carried out.

use super::decide::{Ask, Decision, decide};
use super::{Ledger, Limits, Permit};
use crate::domain::Timestamp;

/// Milliseconds over which holders who know of each other come back to new room.
const SPREAD_MS: u32 = 750;

/// The ledger as one holder last saw it.
#[derive(Clone, Debug, Default)]
pub struct View {
    ledger: Option<Ledger>,
    /// Whether somebody else has changed the ledger since it was seen before.
    rivals: bool,
}

impl View {
    /// The view of a holder who has seen this ledger.
    pub const fn of(ledger: Option<Ledger>) -> Self {
        Self { ledger, rivals: false }
    }

    /// The ledger last seen.
    pub const fn ledger(&self) -> Option<&Ledger> {
        self.ledger.as_ref()
    }

    pub(super) const fn has_rivals(&self) -> bool {
        self.rivals
    }

    /// What to do for the permits that are asked for.
    pub fn decide(&self, ask: Ask, limits: Limits, now: Timestamp) -> Decision {
        decide(self, ask, limits, now)
    }

    /// A write that counts `calls` was carried out, and `stands` is the ledger after it.
    pub fn granted(&mut self, calls: u32, stands: Ledger) -> Permit {
        let expected = match &self.ledger {
            Some(seen) if seen.head == stands.head => seen.calls.saturating_add(calls),
            _ => calls,
        };
        self.rivals |= stands.calls != expected;
        let permit = Permit { second: stands.head };
        self.ledger = Some(stands);
        permit
    }

    /// A write was refused, and `stands` is the ledger that refused it; none if there is none. Also for a
    /// ledger that was read, or replaced without counting a call.
    pub fn refused(&mut self, stands: Option<Ledger>) {
        self.rivals = stands.is_some() && self.ledger != stands;
        self.ledger = stands;
    }

    /// When to come back for room that appears at `moment`: then, or a little later where others may come too.
    /// `jitter` is a random number.
    pub fn come_back(&self, moment: Timestamp, jitter: u32) -> Timestamp {
        if self.rivals { moment.plus_ms(i64::from(jitter % SPREAD_MS)) } else { moment }
    }

    /// The ledger to write when Defender refuses a call although every call had its permit: no permit before
    /// `until`, and the rest of the minute charged to whoever else uses the app.
    pub fn charged(&self, until: Timestamp, limits: Limits, now: Timestamp) -> Option<Ledger> {
        self.ledger.as_ref().map(|ledger| ledger.charged(now, until, limits))
    }
}
