//! The budget: how many calls a tenant may still make, and the permit to make one.
//!
//! Calls are counted in seconds. The counts of seconds gone by are *closed*: they cannot change any more. Only
//! the newest second with a call, the *head*, is still counting. So the *room* that is left there is a pure
//! function of the closed counts. Only the *roll*, which moves the head on, depends on having seen them.
//!
//! Invariant: no closed window of a minute or an hour ever holds more calls than its limit, however late
//! within the margins of [`spans`] each call is counted.

mod decide;
mod ledger;
mod limits;
mod packed;
mod report;
mod spans;
mod view;

pub use decide::{Ask, Decision};
pub use ledger::{Ledger, RULES_VERSION, Room};
pub use limits::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge, Terms, usual_reserve};
pub use packed::Malformed;
pub use report::{BudgetReport, WindowReport, report};
pub use spans::{CLOCK_SKEW_MS, COUNTED_WITHIN_S, USE_BY_S};
pub use view::View;

use super::Timestamp;
use spans::Spans;

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

#[cfg(test)]
mod proof;
#[cfg(test)]
mod tests;
