//! Why a drain stops before the backlog is empty.

use crate::domain::{TenantName, Timestamp};
use crate::store::{Hold, StoreError};

/// Why a drain stops.
#[derive(Clone, Debug)]
pub(super) enum Stop {
    /// What is left gathers until then.
    Gathering { until: Timestamp },
    /// Something holds every drain up until a moment.
    Held { until: Timestamp, routine_only: bool, reason: String },
    /// Defender, or whoever gives the token, gives no usable answer; the next drain waits longer each time.
    Unavailable {
        /// One word for programs, then a text for people.
        reason: String,
        /// Until then the last attempt may be carried out, or a wait was asked for.
        not_before: Timestamp,
    },
    /// This instance may do nothing for its clock's or its rules' sake; others may.
    NoPermit { why: String },
    /// The time of this invocation is up.
    OutOfTime,
    /// Another drain has the lease, or has changed what this one holds.
    Lost,
    /// The table cannot be used.
    Store(StoreError),
}

impl From<StoreError> for Stop {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Milliseconds of the first hold after Defender gave no usable answer; doubled with each in a row.
const FIRST_HOLD_MS: i64 = 5_000;
/// Doublings of that hold at most: about five minutes.
const DOUBLINGS_MAX: u32 = 6;

impl Stop {
    /// Of two reasons to stop, the one that holds up more, and longer.
    pub(super) fn or(self, other: Self) -> Self {
        if other.weight() > self.weight() { other } else { self }
    }

    fn weight(&self) -> (u8, Timestamp) {
        match self {
            Self::Held { until, routine_only: false, .. } => (2, *until),
            Self::Unavailable { not_before, .. } => (2, *not_before),
            Self::Held { until, .. } => (1, *until),
            Self::Gathering { .. }
            | Self::NoPermit { .. }
            | Self::OutOfTime
            | Self::Lost
            | Self::Store(_) => (0, Timestamp::default()),
        }
    }

    pub(super) fn log(&self, tenant: &TenantName) {
        match self {
            Self::Gathering { until } => tracing::debug!(%tenant, %until, "batches gather"),
            Self::Held { until, reason, .. } => {
                tracing::info!(%tenant, %until, reason, "the drain is held up");
            }
            Self::NoPermit { why } => {
                tracing::error!(ClockRefusals = 1, %tenant, why, "this instance gets no permit");
            }
            Self::Unavailable { reason, .. } => {
                tracing::warn!(%tenant, reason, "the drain is held up: there is no usable answer");
            }
            Self::Store(error) => {
                tracing::error!(StoreFailures = 1, %tenant, %error, "the drain stops: the table cannot be used");
            }
            Self::OutOfTime | Self::Lost => tracing::info!(%tenant, stop = ?self, "the drain stops"),
        }
    }

    /// The hold to leave behind. `in_a_row` holds came before it without an answer; `jitter` is from 0 to 255.
    pub(super) fn hold(&self, in_a_row: u32, jitter: u8, now: Timestamp) -> Option<Hold> {
        match self {
            Self::Gathering { until } => {
                Some(Hold { until: *until, routine_only: true, reason: "gathering".into(), in_a_row })
            }
            Self::Held { until, routine_only, reason } => {
                Some(Hold { until: *until, routine_only: *routine_only, reason: reason.clone(), in_a_row })
            }
            Self::Unavailable { reason, not_before } => {
                let longest = FIRST_HOLD_MS << in_a_row.min(DOUBLINGS_MAX);
                let ms = longest / 2 + longest / 2 * i64::from(jitter) / 255;
                let until = now.plus_ms(ms).max(*not_before);
                Some(Hold { until, routine_only: false, reason: reason.clone(), in_a_row: in_a_row + 1 })
            }
            Self::NoPermit { .. } | Self::OutOfTime | Self::Lost | Self::Store(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hold_doubles_with_jitter_up_to_about_five_minutes() {
        let stop = Stop::Unavailable { reason: "down".into(), not_before: Timestamp::default() };
        let ms = |in_a_row, jitter| stop.hold(in_a_row, jitter, Timestamp::default()).unwrap().until.ms();
        assert_eq!((ms(0, 0), ms(0, 255), ms(1, 255), ms(99, 255)), (2_500, 5_000, 10_000, 320_000));
    }

    #[test]
    fn nothing_follows_a_call_that_may_still_be_carried_out_before_it_is_settled() {
        let not_before = Timestamp::from_ms(10_000);
        let stop = Stop::Unavailable { reason: "reset".into(), not_before };
        assert_eq!(stop.hold(0, 0, Timestamp::default()).unwrap().until, not_before);
    }

    #[test]
    fn a_call_that_may_still_be_carried_out_outweighs_a_shorter_hold() {
        let ms = Timestamp::from_ms;
        let held = |until, routine_only| Stop::Held { until, routine_only, reason: String::new() };
        let unsettled = || Stop::Unavailable { reason: "reset".into(), not_before: ms(10) };
        for other in [Stop::Lost, Stop::OutOfTime, held(ms(99), true), held(ms(5), false)] {
            assert!(matches!(unsettled().or(other.clone()), Stop::Unavailable { .. }), "{other:?}");
            assert!(matches!(other.or(unsettled()), Stop::Unavailable { .. }));
        }
        assert!(matches!(unsettled().or(held(ms(99), false)), Stop::Held { .. }));
    }
}
