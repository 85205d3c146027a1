//! One call, attempted until it is answered or something stands in the way.
//!
//! Invariant: each HTTP attempt has its own permit, and none begins unless the lease and the invocation last
//! as long as it may take. Where Defender may still carry out an attempt, nothing follows it before Defender
//! has counted it.

use super::Relay;
use super::call_line::{self, About};
use super::drain::Holding;
use super::permit::pause_ms;
use super::stop::Stop;
use crate::defender::{CALL_TIMEOUT_MS, Call, Sent};
use crate::domain::budget::COUNTED_WITHIN_S;
use crate::domain::drain::Batch;
use crate::domain::{MachineId, Obstacle, Priority, Remedy, Timestamp, Verdict};
use crate::entra::Token;
use crate::store::LEASE_MS;

/// Attempts to get one call answered.
pub(super) const ATTEMPTS_PER_CALL: u32 = 4;
/// Permits that may grow too old before the connection is ready; then connecting takes too long.
const STALE_PERMITS_MAX: u32 = 2;
/// Milliseconds before the second attempt; doubled with each.
const FIRST_BACKOFF_MS: i64 = 500;
/// Milliseconds from one attempt to the next where Defender may still carry out the first.
const SETTLED_AFTER_MS: i64 = COUNTED_WITHIN_S * 1000;
/// Milliseconds that the lease must last when an attempt begins.
pub(super) const ATTEMPT_MAX_MS: i64 = CALL_TIMEOUT_MS + SETTLED_AFTER_MS;
/// A lease that was just renewed must last that long.
const _: () = assert!(ATTEMPT_MAX_MS < LEASE_MS);
/// Milliseconds that nothing is sent when only an operator can help.
const OPERATOR_HOLD_MS: i64 = 300_000;

/// What tells one attempt from another.
#[derive(Clone, Copy)]
struct Attempt {
    /// How often the call was attempted before.
    number: u32,
    /// Whether the token is new because the one before was refused.
    new_token: bool,
    class: Priority,
}

impl Relay {
    /// Gets one call answered, by so many attempts at most.
    pub(super) async fn call(
        &self,
        holding: &Holding,
        batch: &Batch,
        machines: &[MachineId],
        attempts: u32,
    ) -> Result<Verdict, Stop> {
        let call = Call { tag: &batch.tag, action: batch.action, machines };
        let (mut new_token, mut stale_permits) = (false, 0);
        let mut failed = self.unavailable("no permit was fresh enough", 0);
        for attempt in 0..attempts {
            let about = Attempt { number: attempt, new_token, class: batch.priority };
            let (token, sent) = self.attempt(holding, call, about).await?;
            let Sent::Answered(answer) = sent else {
                stale_permits += 1;
                if stale_permits == STALE_PERMITS_MAX {
                    break;
                }
                continue;
            };
            let obstacle = match answer {
                Ok(judgement) => {
                    holding.answered();
                    return Ok(judgement);
                }
                Err(obstacle) => obstacle,
            };
            // What a token may do stands in it: a granted permission needs a new one.
            if matches!(obstacle, Obstacle::TokenRefused(_) | Obstacle::Forbidden(_)) {
                self.0.parts.tokens.drop_token(&token).await;
            }
            match obstacle {
                Obstacle::TokenRefused(_) if !new_token => new_token = true,
                Obstacle::Unavailable { why, may_still_apply, retry_after_s } => {
                    let settled_ms = if may_still_apply { SETTLED_AFTER_MS } else { 0 };
                    let asked_ms = retry_after_s.map_or(0, |seconds| pause_ms(Some(seconds)));
                    failed = self.unavailable(&why, settled_ms.max(asked_ms));
                    if holding.is_probing() || !self.back_off(attempt, attempts, failed.1).await {
                        break;
                    }
                }
                other => return Err(self.stop_for(other).await?),
            }
        }
        Err(Stop::Unavailable { reason: failed.0, not_before: failed.1 })
    }

    /// How a failed attempt is told, and until when nothing may follow it.
    fn unavailable(&self, why: &str, wait_ms: i64) -> (String, Timestamp) {
        (format!("defender_unavailable: {why}"), self.clock().now().plus_ms(wait_ms))
    }

    /// One attempt: token, permit, lease, request.
    async fn attempt(
        &self,
        holding: &Holding,
        call: Call<'_>,
        Attempt { number, new_token, class }: Attempt,
    ) -> Result<(Token, Sent), Stop> {
        self.ensure_time(holding).await?;
        let token = match self.0.parts.tokens.get().await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(TokenFailures = 1, tenant = %self.tenant(), %error, "no token");
                return Err(self.stop_for(error.obstacle()).await?);
            }
        };
        let permit = self.permit(class).await?;
        self.ensure_time(holding).await?;
        let began_at = self.clock().now();
        let sent = self.0.parts.defender.send(call, &token, permit).await;
        if let Sent::Answered(answer) = &sent {
            let took_ms = self.clock().now().ms_since(began_at);
            let tenant = self.tenant();
            call_line::tell(About { tenant, permit, attempt: number, new_token, took_ms }, call, answer);
        }
        Ok((token, sent))
    }

    /// Makes sure that the invocation and the lease last as long as an attempt may take.
    async fn ensure_time(&self, holding: &Holding) -> Result<(), Stop> {
        self.keep(holding).await?;
        let left_ms = self.stop_before().ms_since(self.clock().now());
        if left_ms < CALL_TIMEOUT_MS { Err(Stop::OutOfTime) } else { Ok(()) }
    }

    /// Waits before the next attempt. Says whether there is time for one.
    async fn back_off(&self, attempt: u32, attempts: u32, not_before: Timestamp) -> bool {
        let until = self.clock().now().plus_ms(FIRST_BACKOFF_MS << attempt).max(not_before);
        attempt + 1 < attempts && self.wait_for_a_call_at(until).await
    }

    /// Waits until a moment. Does not, and says so, if there is no time for a call after it.
    pub(super) async fn wait_for_a_call_at(&self, moment: Timestamp) -> bool {
        if moment.plus_ms(CALL_TIMEOUT_MS) > self.stop_before() {
            return false;
        }
        self.clock().wait_until(moment).await;
        true
    }

    /// What an obstacle means for the whole drain. A pause is made known to every instance first.
    async fn stop_for(&self, obstacle: Obstacle) -> Result<Stop, Stop> {
        let now = self.clock().now();
        Ok(match obstacle {
            Obstacle::Throttled { retry_after_s } => {
                let until = now.plus_ms(pause_ms(retry_after_s));
                self.pause(until).await?;
                Stop::Held { until, routine_only: false, reason: "defender_asked_for_a_pause".into() }
            }
            Obstacle::TokenRefused(refusal) => self.operator(
                format!(
                    "token_refused: Defender does not take a new token ({refusal}); check DEFENDER_REGION"
                ),
                now,
            ),
            Obstacle::Forbidden(refusal) => self.operator(
                format!(
                    "permission_missing: grant the app Machine.ReadWrite.All for WindowsDefenderATP and give \
                     admin consent ({refusal})"
                ),
                now,
            ),
            Obstacle::NoToken { why, remedy: Remedy::Operator } => {
                self.operator(format!("no_token: {why}"), now)
            }
            Obstacle::NoToken { why, remedy: Remedy::Wait { retry_after_s } } => {
                let until = now.plus_ms(pause_ms(retry_after_s));
                Stop::Held { until, routine_only: false, reason: format!("no_token: {why}") }
            }
            Obstacle::NoToken { why, remedy: Remedy::TryAgain } => {
                Stop::Unavailable { reason: format!("no_token: {why}"), not_before: now }
            }
            Obstacle::Unavailable { why, .. } => {
                let (reason, not_before) = self.unavailable(&why, 0);
                Stop::Unavailable { reason, not_before }
            }
        })
    }

    fn operator(&self, reason: String, now: Timestamp) -> Stop {
        tracing::error!(tenant = %self.tenant(), reason, "an operator is needed");
        Stop::Held { until: now.plus_ms(OPERATOR_HOLD_MS), routine_only: false, reason }
    }
}
