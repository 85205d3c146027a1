//! The decision on a permit: what to write so that it counts, or when to ask again.
//!
//! Invariant: a decision is right for the ledger it was made from. The store carries it out only if that
//! ledger still stands, and hands back the new one if it does not.

use super::ledger::{Ledger, RULES_VERSION};
use super::{Limits, Permit};
use crate::domain::Timestamp;

/// Seconds that the clock may be behind the head before no permit is given any more.
const BEHIND_MAX_S: i64 = 1;

/// What to do for `calls` permits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No ledger is known: write this one if there is none.
    Create(Box<Ledger>),
    /// Count the calls in the head's second, if it still is `head` and holds at most `calls_at_most`.
    Count {
        /// The head.
        head: i64,
        /// Greatest count before this one for which there is still room.
        calls_at_most: u32,
    },
    /// Move the head on and count the calls there, if the ledger still is `seen`.
    Roll {
        /// Head and calls of the ledger the decision was made from.
        seen: (i64, u32),
        /// The ledger to write.
        next: Box<Ledger>,
    },
    /// There is no room before this moment.
    Later(Timestamp),
    /// There never is room for so many.
    Never,
    /// The clock is behind the head by this many seconds: one of the two clocks is wrong.
    ClockBehind(i64),
    /// The ledger was written under other rules.
    OtherRules(u32),
}

impl Decision {
    /// The permit that the decision gives once it is carried out.
    pub fn permit(&self) -> Option<Permit> {
        match self {
            Self::Create(ledger) => Some(Permit { second: ledger.head }),
            Self::Count { head, .. } => Some(Permit { second: *head }),
            Self::Roll { next, .. } => Some(Permit { second: next.head }),
            _ => None,
        }
    }
}

/// Decides on `calls` permits from the ledger last seen.
pub fn decide(seen: Option<&Ledger>, calls: u32, limits: Limits, now: Timestamp) -> Decision {
    let Some(ledger) = seen else {
        let fits = calls <= limits.per_minute.min(limits.per_hour);
        return if fits {
            Decision::Create(Box::new(Ledger::new(now.second(), calls)))
        } else {
            Decision::Never
        };
    };
    if ledger.rules != RULES_VERSION {
        return Decision::OtherRules(ledger.rules);
    }
    let behind = ledger.head - now.second();
    if behind > BEHIND_MAX_S {
        return Decision::ClockBehind(behind);
    }
    let Some(room_at) = ledger.room_at(limits, calls, now) else { return Decision::Never };
    let earliest = room_at.max(ledger.paused_until);
    if earliest > now {
        return Decision::Later(earliest);
    }
    count(ledger, calls, limits, now)
}

fn count(ledger: &Ledger, calls: u32, limits: Limits, now: Timestamp) -> Decision {
    if now.second() <= ledger.head {
        let calls_at_most = ledger.calls + ledger.room(limits) - calls;
        return Decision::Count { head: ledger.head, calls_at_most };
    }
    let mut next = ledger.rolled_to(now.second());
    next.calls = calls;
    Decision::Roll { seen: (ledger.head, ledger.calls), next: Box::new(next) }
}
