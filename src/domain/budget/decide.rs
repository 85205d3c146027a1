//! The decision on a permit: what to write so that one call counts, or when to ask again.
//!
//! Invariant: each write's own condition keeps the table's ledger within the limits, whatever an instance
//! believes of it. What an instance has seen only saves writes.

use super::ledger::{Ledger, RULES_VERSION, first_second};
use super::limits::Limits;
use crate::domain::values::{Priority, Timestamp};

/// Seconds that the clock may be behind the head. Beyond them no permit is given.
const BEHIND_MAX_S: i64 = 1;

/// What to do for a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No ledger was seen: write this one, unless the table has one. If it has, count the call there as
    /// [`Decision::Draw`] does.
    Open(Box<Ledger>),
    /// Count the call in the head's second, if that is now and its room for these limits is not used up.
    Draw,
    /// Write this ledger, which counts the call, if the ledger still is `seen`.
    Roll {
        /// Head and calls of the ledger the decision was made from.
        seen: (i64, u32),
        /// The ledger to write.
        next: Box<Ledger>,
    },
    /// Replace a ledger of older rules by one that counts both windows as full. It gives no permit.
    TakeOver {
        /// Head and calls of the ledger the decision was made from.
        seen: (i64, u32),
        /// Its rules.
        rules: u32,
        /// The ledger to write.
        next: Box<Ledger>,
    },
    /// There is no room before this moment.
    Later(Timestamp),
    /// The clock is behind the head by this many seconds: one of the two clocks is wrong.
    ClockBehind(i64),
    /// The ledger is kept by newer rules than these.
    NewerRules(u32),
}

/// Decides from the ledger last seen. `has_rivals`: another instance has changed it since it was seen before.
pub(super) fn decide(
    seen: Option<&Ledger>,
    has_rivals: bool,
    class: Priority,
    limits: Limits,
    now: Timestamp,
) -> Decision {
    let Some(ledger) = seen else {
        return Decision::Open(Box::new(Ledger::new(now.second(), 1, limits)));
    };
    if ledger.rules > RULES_VERSION {
        return Decision::NewerRules(ledger.rules);
    }
    let behind = ledger.head - now.second();
    if behind > BEHIND_MAX_S {
        return Decision::ClockBehind(behind);
    }
    if ledger.rules < RULES_VERSION {
        return take_over(ledger, limits, now);
    }
    let earliest = room_at(ledger, class, limits, now).max(ledger.paused_until);
    if earliest > now {
        return Decision::Later(earliest);
    }
    let head_is_now = now.second() <= ledger.head;
    if ledger.room_for == limits.terms() && (head_is_now || has_rivals) {
        Decision::Draw
    } else {
        roll(ledger, limits, now)
    }
}

/// The earliest moment, not before `now`, at which there is room for a call.
pub(super) fn room_at(ledger: &Ledger, class: Priority, limits: Limits, now: Timestamp) -> Timestamp {
    let fits = |second: i64| {
        if second == ledger.head {
            ledger.calls < room_at_head(ledger, class, limits)
        } else {
            ledger.free_at(second, limits, class) > 0
        }
    };
    let from = now.second().max(ledger.head);
    let second = first_second(from, limits, fits);
    if second == from { now } else { Timestamp::from_second(second) }
}

/// How far `calls` may go in the head's second. Where the room was computed for other limits, the stricter
/// reading holds.
fn room_at_head(ledger: &Ledger, class: Priority, limits: Limits) -> u32 {
    ledger.full_at_head(limits, class).min(ledger.room.of(class))
}

/// Counts the call in the second `now`. A head that is there already keeps the room that was fixed for it.
fn roll(ledger: &Ledger, limits: Limits, now: Timestamp) -> Decision {
    let next = if now.second() > ledger.head {
        ledger.rolled_to(now.second(), 1, limits)
    } else {
        Ledger { calls: ledger.calls.saturating_add(1), ..ledger.clone() }
    };
    Decision::Roll { seen: (ledger.head, ledger.calls), next: Box::new(next) }
}

fn take_over(ledger: &Ledger, limits: Limits, now: Timestamp) -> Decision {
    let second = now.second().max(ledger.head);
    Decision::TakeOver {
        seen: (ledger.head, ledger.calls),
        rules: ledger.rules,
        next: Box::new(Ledger::full(second, ledger.paused_until, limits)),
    }
}
