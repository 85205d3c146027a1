//! Why a drain ends before the backlog is empty.

use crate::domain::drain::{Hold, HoldCode, HoldReason};
use crate::domain::{CallError, Priority, TenantName, Timestamp};
use crate::entra::TokenError;
use crate::store::StoreError;

/// Milliseconds of the first hold after Defender gave no usable answer; doubled with each in a row.
const FIRST_HOLD_MS: i64 = 5_000;
/// Doublings of that hold at most: about five minutes.
const DOUBLINGS_MAX: u32 = 6;
/// The longest such hold while something urgent waits. With the minute of the schedule it is applied within 90 s of the
/// end of an outage; until then Defender is asked about 150 times an hour.
const URGENT_HOLD_MAX_MS: i64 = 25_000;
/// Milliseconds that nothing is sent if only an operator can help.
const OPERATOR_HOLD_MS: i64 = 300_000;
/// Milliseconds that nothing is sent if Defender or Entra asks for a pause without saying how long: the shorter of
/// Defender's windows.
const PAUSE_MS: i64 = 60_000;
/// Longest pause that is believed: the longer of Defender's windows.
const PAUSE_MAX_MS: i64 = 3_600_000;

/// Why a drain ends early.
#[derive(Clone, Debug)]
pub(super) enum Interrupt {
    /// The batches that are left gather until then.
    Gathering { until: Timestamp },
    /// Something holds up every drain until a moment.
    Held { until: Timestamp, routine_only: bool, reason: HoldReason },
    /// Defender or Entra gives no usable answer. The next drain waits longer each time.
    Unavailable {
        reason: HoldReason,
        /// Until then Defender may still carry out the last attempt, or has asked to wait.
        not_before: Timestamp,
    },
    /// This instance may not send: its clock is wrong or its ledger version is old. Other instances may.
    NoPermit { why: String },
    /// The time of this invocation is up.
    OutOfTime,
    /// Another drain has the lease, or has changed what this one holds.
    Lost,
    /// The table cannot be used.
    Store(StoreError),
}

impl From<StoreError> for Interrupt {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Interrupt {
    /// What it means for the whole drain that there is no token.
    pub(super) fn from_token_error(error: &TokenError, tenant: &TenantName, now: Timestamp) -> Self {
        let reason = HoldReason::detailed(HoldCode::NoToken, error.to_string());
        match error {
            TokenError::Throttled { retry_after_s } => {
                let until = now.plus_ms(pause_ms(*retry_after_s));
                Self::Held { until, routine_only: false, reason }
            }
            _ if error.needs_operator() => Self::for_operator(reason, tenant, now),
            _ => Self::Unavailable { reason, not_before: now },
        }
    }

    /// What it means for the whole drain that a call got no verdict.
    pub(super) fn from_call_error(error: CallError, tenant: &TenantName, now: Timestamp) -> Self {
        match error {
            CallError::Throttled { retry_after_s } => {
                let until = now.plus_ms(pause_ms(retry_after_s));
                let reason = HoldReason::plain(HoldCode::PauseAsked);
                Self::Held { until, routine_only: false, reason }
            }
            CallError::TokenRefused(refusal) => {
                let detail = format!("Defender does not take a new token ({refusal}); check DEFENDER_REGION");
                Self::for_operator(HoldReason::detailed(HoldCode::TokenRefused, detail), tenant, now)
            }
            CallError::Forbidden(refusal) => {
                let detail = format!(
                    "grant the app Machine.ReadWrite.All for WindowsDefenderATP and give admin consent ({refusal})"
                );
                Self::for_operator(HoldReason::detailed(HoldCode::PermissionMissing, detail), tenant, now)
            }
            CallError::NoToken { why } => {
                let reason = HoldReason::detailed(HoldCode::NoToken, why);
                Self::Unavailable { reason, not_before: now }
            }
            CallError::Unavailable { why, .. } => Self::unavailable(why, now),
        }
    }

    /// Defender gives no usable answer.
    pub(super) fn unavailable(why: impl Into<String>, not_before: Timestamp) -> Self {
        let reason = HoldReason::detailed(HoldCode::DefenderUnavailable, why);
        Self::Unavailable { reason, not_before }
    }

    fn for_operator(reason: HoldReason, tenant: &TenantName, now: Timestamp) -> Self {
        tracing::error!(%tenant, %reason, "an operator is needed");
        Self::Held { until: now.plus_ms(OPERATOR_HOLD_MS), routine_only: false, reason }
    }

    /// Of two results, the one that interrupts the drain. If both do, the interrupt that holds up more, and longer.
    pub(super) fn weightier(one: Result<(), Self>, other: Result<(), Self>) -> Result<(), Self> {
        match (one, other) {
            (Err(one), Err(other)) => Err(if other.weight() > one.weight() { other } else { one }),
            (Err(interrupt), Ok(())) | (Ok(()), Err(interrupt)) => Err(interrupt),
            (Ok(()), Ok(())) => Ok(()),
        }
    }

    /// Whether batches of this class cannot be sent after it either.
    pub(super) fn concerns(&self, class: Priority) -> bool {
        match self {
            Self::Gathering { .. } | Self::Held { routine_only: true, .. } => class == Priority::Routine,
            _ => true,
        }
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
                tracing::info!(%tenant, %until, %reason, "the drain is held up");
            }
            Self::NoPermit { why } => {
                tracing::error!(ClockRefusals = 1, %tenant, why, "this instance gets no permit");
            }
            Self::Unavailable { reason, .. } => {
                tracing::warn!(%tenant, %reason, "the drain is held up: there is no usable answer");
            }
            Self::Store(error) => {
                tracing::error!(StoreFailures = 1, %tenant, %error, "the drain stops: the table cannot be used");
            }
            Self::OutOfTime | Self::Lost => tracing::info!(%tenant, stop = ?self, "the drain stops"),
        }
    }

    /// The hold to leave behind. `in_a_row` holds without an answer came before it. `waiting` is the highest class that
    /// waits: where only routine work was tried, urgent work may try for itself. `jitter` is from 0 to 255.
    pub(super) fn hold(&self, in_a_row: u32, waiting: Priority, jitter: u8, now: Timestamp) -> Option<Hold> {
        match self {
            Self::Gathering { until } => {
                let reason = HoldReason::plain(HoldCode::Gathering);
                Some(Hold { until: *until, routine_only: true, reason, in_a_row })
            }
            Self::Held { until, routine_only, reason } => {
                Some(Hold { until: *until, routine_only: *routine_only, reason: reason.clone(), in_a_row })
            }
            Self::Unavailable { reason, not_before } => {
                let longest_ms = FIRST_HOLD_MS << in_a_row.min(DOUBLINGS_MAX);
                let longest_ms = match waiting {
                    Priority::Urgent => longest_ms.min(URGENT_HOLD_MAX_MS),
                    Priority::Routine => longest_ms,
                };
                let ms = longest_ms / 2 + longest_ms / 2 * i64::from(jitter) / 255;
                let until = now.plus_ms(ms).max(*not_before);
                // Nothing at all may follow a call that may still be carried out.
                let routine_only = waiting == Priority::Routine && *not_before <= now;
                Some(Hold { until, routine_only, reason: reason.clone(), in_a_row: in_a_row + 1 })
            }
            Self::NoPermit { .. } | Self::OutOfTime | Self::Lost | Self::Store(_) => None,
        }
    }
}

/// The length of a pause that was asked for, within reason.
pub(super) fn pause_ms(retry_after_s: Option<u64>) -> i64 {
    let asked_ms = retry_after_s.and_then(|s| i64::try_from(s).ok()).map(|s| s.saturating_mul(1000));
    asked_ms.unwrap_or(PAUSE_MS).clamp(1000, PAUSE_MAX_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hold_doubles_with_jitter_up_to_about_five_minutes() {
        let interrupt = Interrupt::unavailable("down", Timestamp::default());
        let ms = |in_a_row, jitter| {
            let hold = interrupt.hold(in_a_row, Priority::Routine, jitter, Timestamp::default()).unwrap();
            assert!(hold.routine_only, "urgent work may try for itself");
            hold.until.ms()
        };
        assert_eq!((ms(0, 0), ms(0, 255), ms(1, 255), ms(99, 255)), (2_500, 5_000, 10_000, 320_000));
    }

    #[test]
    fn while_something_urgent_waits_the_hold_is_short_enough_for_the_schedule() {
        let interrupt = Interrupt::unavailable("down", Timestamp::default());
        for in_a_row in [0, 1, 5, 99] {
            let hold = interrupt.hold(in_a_row, Priority::Urgent, 255, Timestamp::default()).unwrap();
            assert!(hold.until.ms() <= URGENT_HOLD_MAX_MS && !hold.routine_only);
        }
    }

    #[test]
    fn nothing_follows_a_call_that_may_still_be_carried_out_before_it_is_settled() {
        let not_before = Timestamp::from_ms(10_000);
        let interrupt = Interrupt::unavailable("reset", not_before);
        for waiting in [Priority::Urgent, Priority::Routine] {
            let hold = interrupt.hold(0, waiting, 0, Timestamp::default()).unwrap();
            assert_eq!((hold.until, hold.routine_only), (not_before, false), "{waiting:?}");
        }
    }

    #[test]
    fn a_call_that_may_still_be_carried_out_outweighs_a_shorter_hold() {
        let ms = Timestamp::from_ms;
        let held = |until, routine_only| {
            let reason = HoldReason::plain(HoldCode::BudgetSpent);
            Err(Interrupt::Held { until, routine_only, reason })
        };
        let unsettled = || Err(Interrupt::unavailable("reset", ms(10)));
        let lighter =
            [Ok(()), Err(Interrupt::Lost), Err(Interrupt::OutOfTime), held(ms(99), true), held(ms(5), false)];
        for other in lighter {
            for weightier in [
                Interrupt::weightier(unsettled(), other.clone()),
                Interrupt::weightier(other.clone(), unsettled()),
            ] {
                assert!(matches!(weightier, Err(Interrupt::Unavailable { .. })), "{other:?}");
            }
        }
        let weightier = Interrupt::weightier(unsettled(), held(ms(99), false));
        assert!(matches!(weightier, Err(Interrupt::Held { .. })));
    }
}
