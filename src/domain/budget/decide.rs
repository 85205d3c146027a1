//! The decision on a permit: what to write so that it counts, or when to ask again.
//!
//! Invariant: whatever a holder believes, each write's own condition keeps the table's ledger within the
//! limits. A view only saves writes.

use super::ledger::{Ledger, RULES_VERSION, first_second};
use super::{Limits, View};
use crate::domain::{Priority, Timestamp};

/// Seconds that the clock may be behind the head before no permit is given any more.
const BEHIND_MAX_S: i64 = 1;

/// What is asked for: permits for so many calls of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The class.
    pub class: Priority,
    /// Calls, one at least.
    pub calls: u32,
}

impl Ask {
    /// One call.
    pub const fn one(class: Priority) -> Self {
        Self { class, calls: 1 }
    }
}

/// What to do for the permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// Nothing is known: write this ledger if there is none. If there is one and one call is asked for, count
    /// it as [`Decision::Draw`] does.
    Open(Box<Ledger>),
    /// Count one call in the head's second, if that is now and its room for these limits is not used up.
    Draw,
    /// Count the calls in the head's second, if it still is `head` and holds at most `calls_at_most`.
    Count {
        /// The head.
        head: i64,
        /// Greatest count before these calls for which there is still room.
        calls_at_most: u32,
    },
    /// Move the head on and count the calls there, if the ledger still is `seen`.
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
    /// There never is room for so many.
    Never,
    /// The clock is behind the head by this many seconds: one of the two clocks is wrong.
    ClockBehind(i64),
    /// The ledger is kept by newer rules than these.
    NewerRules(u32),
}

/// Decides from what was last seen.
pub(super) fn decide(view: &View, ask: Ask, limits: Limits, now: Timestamp) -> Decision {
    let quota = limits.of(ask.class);
    if ask.calls > quota.per_minute.min(quota.per_hour) {
        return Decision::Never;
    }
    let Some(ledger) = view.ledger() else {
        return Decision::Open(Box::new(Ledger::new(now.second(), ask.calls, limits)));
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
    let Some(room_at) = room_at(ledger, ask, limits, now) else { return Decision::Never };
    let earliest = room_at.max(ledger.paused_until);
    if earliest > now { Decision::Later(earliest) } else { count(view, ledger, ask, limits, now) }
}

/// The earliest moment, not before `now`, at which there is room; none if there never is.
pub(super) fn room_at(ledger: &Ledger, ask: Ask, limits: Limits, now: Timestamp) -> Option<Timestamp> {
    let fits = |second: i64| {
        if second == ledger.head {
            ledger.calls.saturating_add(ask.calls) <= room_at_head(ledger, ask.class, limits)
        } else {
            ledger.free_at(second, limits, ask.class) >= ask.calls
        }
    };
    let from = now.second().max(ledger.head);
    let second = first_second(from, limits, fits)?;
    Some(if second == from { now } else { Timestamp::from_second(second) })
}

/// How far `calls` may go in the head's second. Where the room was computed for other limits, the stricter
/// reading holds.
fn room_at_head(ledger: &Ledger, class: Priority, limits: Limits) -> u32 {
    ledger.full_at_head(limits, class).min(ledger.room.of(class))
}

fn count(view: &View, ledger: &Ledger, ask: Ask, limits: Limits, now: Timestamp) -> Decision {
    let head_is_now = now.second() <= ledger.head;
    let may_draw = ask.calls == 1 && ledger.room_for == limits.terms();
    if may_draw && (head_is_now || view.has_rivals()) {
        return Decision::Draw;
    }
    if head_is_now {
        let calls_at_most = room_at_head(ledger, ask.class, limits).saturating_sub(ask.calls);
        return Decision::Count { head: ledger.head, calls_at_most };
    }
    let next = ledger.rolled_to(now.second(), ask.calls, limits);
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
