//! The budget: how many calls a tenant may still make, and the permit to make one.
//!
//! Calls are counted in seconds. The counts of seconds gone by are *closed*: they cannot change any more. Only
//! the newest second with a call, the *head*, is still counting. So the room that is left is a pure function
//! of the ledger last seen.
//!
//! Invariant (the lemma): let the k-th permit's call be counted by Defender within `[a_k, b_k]`. No closed
//! window of length W ever holds more than L calls iff `a_{k+L} - b_k > W` for every k. A permit of second `s`
//! is written to the wire within `[s, s + 3)` by its holder's clock and counted at most ten seconds later, and
//! clocks differ by at most 100 ms; so it is enough that any `floor(W + 3 + 10 + 0.2) + 1` consecutive seconds
//! hold at most L permits.

mod decide;
mod ledger;

pub use decide::{Decision, decide};
pub use ledger::{Ledger, Malformed, RULES_VERSION};

use super::Timestamp;

/// Calls a minute. Source: Microsoft, "Add or remove a tag for multiple machines": 100 calls a minute.
pub const CALLS_PER_MINUTE: u32 = 100;
/// Calls an hour. Source: Microsoft, "Add or remove a tag for multiple machines": 1,500 calls an hour.
pub const CALLS_PER_HOUR: u32 = 1500;

/// Seconds from the start of a permit's second until it is too old to be used.
pub const USE_BY_S: i64 = 3;
/// Seconds between the writing of a call and its counting that the budget allows for.
pub const COUNTED_WITHIN_S: i64 = 10;

/// Consecutive seconds that may hold the minute's limit: `floor(60 + 3 + 10 + 0.2) + 1`.
const MINUTE_SPAN_S: i64 = 60 + USE_BY_S + COUNTED_WITHIN_S + 1;
/// Consecutive seconds that may hold the hour's limit: `floor(3600 + 3 + 10 + 0.2) + 1`.
const HOUR_SPAN_S: i64 = 3600 + USE_BY_S + COUNTED_WITHIN_S + 1;
/// Seconds in a block of the hour's counts. A block counts as long as any of its seconds does.
const BLOCK_S: i64 = 20;

/// Part of the minute's limit that routine calls leave to urgent ones, in percent: 15 of 100.
const RESERVE_OF_MINUTE_PERCENT: u32 = 15;
/// Part of the hour's limit that routine calls leave to urgent ones, in percent: 60 of 1,500.
const RESERVE_OF_HOUR_PERCENT: u32 = 4;

/// How many calls are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Calls in a minute.
    pub per_minute: u32,
    /// Calls in an hour.
    pub per_hour: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self { per_minute: CALLS_PER_MINUTE, per_hour: CALLS_PER_HOUR }
    }
}

impl Limits {
    /// What routine calls may use of these limits.
    #[must_use]
    pub fn without_reserve(self) -> Self {
        Self {
            per_minute: self.per_minute - self.per_minute * RESERVE_OF_MINUTE_PERCENT / 100,
            per_hour: self.per_hour - self.per_hour * RESERVE_OF_HOUR_PERCENT / 100,
        }
    }
}

/// The right to make one call, soon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The second it is counted in, since the Unix epoch.
    pub second: i64,
}

impl Permit {
    /// Whether a call may still be written to the wire with it.
    pub fn is_usable_at(self, now: Timestamp) -> bool {
        now < Timestamp::from_second(self.second + USE_BY_S)
    }
}

/// One window of the budget, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowReport {
    /// Calls allowed.
    pub limit: u32,
    /// Calls that count now.
    pub used: u32,
}

impl WindowReport {
    /// Calls left.
    pub const fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// The budget, for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BudgetReport {
    /// The minute.
    pub minute: WindowReport,
    /// The hour.
    pub hour: WindowReport,
    /// Until when no call is made, if Defender asked for a pause.
    pub paused_until: Option<Timestamp>,
    /// When the next urgent call may be made.
    pub next_permit_at: Timestamp,
}

/// Shows a ledger as it stands at `now`. No ledger yet: nothing is used.
pub fn report(ledger: Option<&Ledger>, limits: Limits, now: Timestamp) -> BudgetReport {
    let window = |limit, used| WindowReport { limit, used };
    let Some(ledger) = ledger else {
        return BudgetReport {
            minute: window(limits.per_minute, 0),
            hour: window(limits.per_hour, 0),
            paused_until: None,
            next_permit_at: now,
        };
    };
    let seen = ledger.rolled_to(now.second().max(ledger.head));
    BudgetReport {
        minute: window(limits.per_minute, seen.used_in_minute()),
        hour: window(limits.per_hour, seen.used_in_hour()),
        paused_until: Some(ledger.paused_until).filter(|until| *until > now),
        next_permit_at: ledger.room_at(limits, 1, now).unwrap_or(now).max(ledger.paused_until).max(now),
    }
}

#[cfg(test)]
mod tests;
