//! Planted faults: each leaves out one of the budget's rules.

use super::super::ledger::Ledger;
use super::super::limits::{Limits, Quota};
use super::super::spans::Spans;
use crate::domain::values::Priority;

/// One rule left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PlantedFault {
    /// Every rule is kept.
    None,
    /// The spans are the windows alone.
    MarginsDropped,
    /// 73 seconds instead of 74.
    MinuteSpanShort,
    /// 3,613 seconds instead of 3,614.
    HourSpanShort,
    /// A roll is written whatever the ledger is by then.
    RollWithoutCompare,
    /// A roll starts with empty rings.
    ClosedCountsLost,
    /// A roll forgets the oldest block that still counts.
    HourRingShort,
    /// A permit is used however old it is.
    UseByIgnored,
    /// A call is counted in the head's second whatever room there is.
    ViewTrusted,
    /// Pauses are not looked at.
    PauseIgnored,
    /// A refused write gives a permit.
    RefusalIsGrant,
    /// A call whose counting got no reply is taken off the count again.
    LostReplyGivenBack,
    /// A counting without a reply gives a permit.
    LostReplyIsGrant,
    /// The minute's limit is the hour's.
    LimitsMixedUp,
    /// Routine calls may use what urgent ones may.
    ReserveIgnored,
    /// One instance's clock is four seconds ahead and no sentinel stops it.
    ClockAhead,
}

impl PlantedFault {
    /// The limits that an instance goes by.
    pub(super) fn limits(self, limits: Limits) -> Limits {
        let Quota { per_minute, per_hour } = limits.of(Priority::Urgent);
        let spans = |minute_s, hour_s| limits.with_spans(Spans { minute_s, hour_s });
        match self {
            Self::MarginsDropped => spans(61, 3601),
            Self::MinuteSpanShort => spans(73, 3614),
            Self::HourSpanShort => spans(74, 3613),
            Self::LimitsMixedUp => {
                Limits::with_usual_reserve(Quota { per_minute: per_hour, per_hour: per_minute.max(per_hour) })
            }
            _ => limits,
        }
    }

    /// The class that a call is counted as.
    pub(super) fn class(self, class: Priority) -> Priority {
        if self == Self::ReserveIgnored { Priority::Urgent } else { class }
    }

    /// What a roll writes.
    pub(super) fn rolled(self, mut next: Ledger, limits: Limits) -> Ledger {
        match self {
            Self::ClosedCountsLost => {
                next.minute.fill(0);
                next.hour.fill(0);
                next.rolled_to(next.head, 0, limits)
            }
            Self::HourRingShort => {
                if let Some(oldest) = next.hour.last_mut() {
                    *oldest = 0;
                }
                next.rolled_to(next.head, 0, limits)
            }
            _ => next,
        }
    }
}
