//! One call, attempted until it is answered or something interrupts the drain.
//!
//! Invariant: each HTTP attempt has its own permit, and none begins unless the lease and the invocation last as long as
//! it may take. If Defender may still carry out an attempt, nothing follows it before Defender has counted it.

use super::call_log::CallLine;
use super::interrupt::{Interrupt, pause_ms};
use super::lease::{Drain, SETTLED_AFTER_MS};
use crate::defender::{CALL_TIMEOUT_MS, Call, Sent};
use crate::domain::budget::Permit;
use crate::domain::drain::{Batch, HoldCode, HoldReason};
use crate::domain::{CallError, MachineId, Priority, Timestamp, Verdict};
use crate::entra::Token;
use crate::store::PermitOutcome;

/// Attempts to get one call answered.
pub(super) const ATTEMPTS_PER_CALL: u32 = 4;
/// Permits that may grow too old before the connection is ready. After these, connecting takes too long.
const STALE_PERMITS_MAX: u32 = 2;
/// Milliseconds before the second attempt; doubled with each.
const FIRST_BACKOFF_MS: i64 = 500;
/// Milliseconds to wait for a permit while this process holds the lease.
const PERMIT_WAIT_MS: i64 = 2_000;
/// Times to ask for a permit.
const ASKS_MAX: u32 = 20;

/// What tells one attempt from another.
#[derive(Clone, Copy)]
struct Attempt {
    /// How often the call was attempted before.
    number: u32,
    /// Whether the token is new because Defender refused the one before.
    new_token: bool,
    class: Priority,
}

impl Drain {
    /// Gets one call answered, with at most this many attempts.
    pub(super) async fn call(
        &self,
        batch: &Batch,
        machines: &[MachineId],
        attempts: u32,
    ) -> Result<Verdict, Interrupt> {
        let call = Call { tag: &batch.tag, action: batch.action, machines };
        let mut new_token = false;
        let mut stale_permits = 0;
        let mut failure = Interrupt::unavailable("no permit was fresh enough", self.clock().now());
        for number in 0..attempts {
            let attempt = Attempt { number, new_token, class: batch.priority };
            let (token, sent) = self.attempt(call, attempt).await?;
            let error = match sent {
                Sent::Answered(Ok(verdict)) => {
                    self.note_answer();
                    return Ok(verdict);
                }
                Sent::Answered(Err(error)) => error,
                Sent::PermitTooOld => {
                    stale_permits += 1;
                    if stale_permits == STALE_PERMITS_MAX {
                        break;
                    }
                    continue;
                }
            };
            // A token contains its permissions, so a permission that was just granted needs a new token.
            if matches!(error, CallError::TokenRefused(_) | CallError::Forbidden(_)) {
                self.parts().tokens.drop_token(&token).await;
            }
            match error {
                CallError::TokenRefused(_) if !new_token => new_token = true,
                CallError::Unavailable { why, may_still_apply, retry_after_s } => {
                    let not_before = self.earliest_next_attempt(may_still_apply, retry_after_s);
                    failure = Interrupt::unavailable(why, not_before);
                    if self.is_probing() || !self.back_off(number, attempts, not_before).await {
                        break;
                    }
                }
                other => return Err(self.interrupt_for(other).await?),
            }
        }
        Err(failure)
    }

    /// One attempt: token, permit, lease, request.
    async fn attempt(&self, call: Call<'_>, attempt: Attempt) -> Result<(Token, Sent), Interrupt> {
        self.ensure_time().await?;
        let token = match self.parts().tokens.get().await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(TokenFailures = 1, tenant = %self.tenant(), %error, "no token");
                return Err(Interrupt::from_token_error(&error, self.tenant(), self.clock().now()));
            }
        };
        let permit = self.permit(attempt.class).await?;
        self.ensure_time().await?;
        let began_at = self.clock().now();
        let sent = self.parts().defender.send(call, token.secret(), permit).await;
        if let Sent::Answered(answer) = &sent {
            let line = CallLine {
                tenant: self.tenant(),
                permit,
                attempt: attempt.number,
                new_token: attempt.new_token,
                took_ms: self.clock().now().ms_since(began_at),
            };
            line.log(call, answer);
        }
        Ok((token, sent))
    }

    /// A permit for one call. If there is none soon, the drain gives its lease back and comes again at the moment that
    /// the budget names.
    async fn permit(&self, class: Priority) -> Result<Permit, Interrupt> {
        let mut later = self.clock().now();
        for _ in 0..ASKS_MAX {
            let asked_at = self.clock().now();
            match self.inner.budget.permit(class).await? {
                PermitOutcome::Granted(permit) => return Ok(permit),
                PermitOutcome::Refused(why) => return Err(Interrupt::NoPermit { why }),
                PermitOutcome::Later(moment) => later = moment,
            }
            if later.ms_since(asked_at) > PERMIT_WAIT_MS || later > self.stop_before() {
                break;
            }
            self.clock().wait_until(later).await;
        }
        let tenant = self.tenant();
        tracing::info!(PermitsRefused = 1, %tenant, class = class.as_str(), until = %later, "no permit");
        Err(Interrupt::Held {
            until: later,
            routine_only: class == Priority::Routine,
            reason: HoldReason::plain(HoldCode::BudgetSpent),
        })
    }

    /// Makes sure that the invocation and the lease last as long as an attempt may take.
    async fn ensure_time(&self) -> Result<(), Interrupt> {
        self.ensure_lease().await?;
        let left_ms = self.stop_before().ms_since(self.clock().now());
        if left_ms < CALL_TIMEOUT_MS { Err(Interrupt::OutOfTime) } else { Ok(()) }
    }

    /// When an attempt may follow one that Defender left without a usable answer.
    fn earliest_next_attempt(&self, may_still_apply: bool, retry_after_s: Option<u64>) -> Timestamp {
        let settled_ms = if may_still_apply { SETTLED_AFTER_MS } else { 0 };
        let asked_ms = retry_after_s.map_or(0, |seconds| pause_ms(Some(seconds)));
        self.clock().now().plus_ms(settled_ms.max(asked_ms))
    }

    /// Waits before the next attempt. Returns whether there is time for one.
    async fn back_off(&self, number: u32, attempts: u32, not_before: Timestamp) -> bool {
        let until = self.clock().now().plus_ms(FIRST_BACKOFF_MS << number).max(not_before);
        number + 1 < attempts && self.wait_for_a_call_at(until).await
    }

    /// Waits until a moment if there is time for a call after it. Returns whether there is.
    pub(super) async fn wait_for_a_call_at(&self, moment: Timestamp) -> bool {
        if moment.plus_ms(CALL_TIMEOUT_MS) > self.stop_before() {
            return false;
        }
        self.clock().wait_until(moment).await;
        true
    }

    pub(super) fn stop_before(&self) -> Timestamp {
        self.inner.drain_status.stop_before()
    }

    /// What an error means for the whole drain. A pause is made known to every instance first.
    async fn interrupt_for(&self, error: CallError) -> Result<Interrupt, Interrupt> {
        let now = self.clock().now();
        if let CallError::Throttled { retry_after_s } = error {
            self.inner.budget.pause(now.plus_ms(pause_ms(retry_after_s))).await?;
        }
        Ok(Interrupt::from_call_error(error, self.tenant(), now))
    }
}
