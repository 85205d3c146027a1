//! The budget: how many calls a tenant may still make, and the permit to make one.
//!
//! Calls are counted in seconds. The counts of seconds gone by are *closed*: they cannot change any more. Only
//! the newest second with a call, the *head*, is still counting. So the *room* that is left there is a pure
//! function of the closed counts. Only the *roll*, which moves the head on, depends on having seen them.
//!
//! Invariant: no closed window of a minute or an hour ever holds more calls than its limit, however late
//! within the margins of `spans` each call is counted.

mod decide;
mod ledger;
mod limits;
mod packed;
mod permit;
mod report;
#[cfg(test)]
mod simulation;
mod spans;
#[cfg(test)]
mod tests;
mod view;

pub use decide::Decision;
pub use ledger::{Ledger, RULES_VERSION, Room};
pub use limits::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge, Terms, usual_reserve};
pub use packed::Malformed;
pub use permit::Permit;
pub use report::{BudgetReport, WindowReport, report};
pub use spans::{CLOCK_SKEW_MS, COUNTED_WITHIN_S, USE_BY_S};
pub use view::View;
