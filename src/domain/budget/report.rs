//! The budget as people and the relay's callers see it.

use super::decide::room_at;
use super::ledger::{Ledger, first_second};
use super::limits::{Limits, Quota};
use crate::domain::values::{Priority, Timestamp};

/// One window of the budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WindowReport {
    /// Calls allowed.
    pub limit: u32,
    /// Calls that count now.
    pub used: u32,
    /// When fewer of them will count; none if no call counts.
    pub falls_at: Option<Timestamp>,
}

impl WindowReport {
    /// Calls left.
    pub const fn remaining(self) -> u32 {
        self.limit.saturating_sub(self.used)
    }
}

/// The budget.
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
    let Quota { per_minute, per_hour } = limits.of(Priority::Urgent);
    let Some(ledger) = ledger else {
        let unused = |limit| WindowReport { limit, used: 0, falls_at: None };
        return BudgetReport {
            minute: unused(per_minute),
            hour: unused(per_hour),
            paused_until: None,
            next_permit_at: now,
        };
    };
    let room_at = room_at(ledger, Priority::Urgent, limits, now);
    BudgetReport {
        minute: window(ledger, limits, now, per_minute, |used| used.per_minute),
        hour: window(ledger, limits, now, per_hour, |used| used.per_hour),
        paused_until: Some(ledger.paused_until).filter(|until| *until > now),
        next_permit_at: room_at.max(ledger.paused_until),
    }
}

fn window(
    ledger: &Ledger,
    limits: Limits,
    now: Timestamp,
    limit: u32,
    of: impl Fn(Quota) -> u32,
) -> WindowReport {
    let from = now.second().max(ledger.head);
    let used_at = |second| of(ledger.used_at(second, limits));
    let used = used_at(from);
    let falls = || first_second(from, limits, |second| used_at(second) < used);
    let falls_at = (used > 0).then(|| Timestamp::from_second(falls()));
    WindowReport { limit, used, falls_at }
}
