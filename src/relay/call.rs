//! One call, attempted until it is answered or something stands in the way.
//!
//! Invariant: each HTTP attempt has its own permit, and none begins unless the lease and the invocation last
//! longer than it may take. Where Defender may still carry out an attempt, nothing follows it before Defender
//! has counted it.

use super::drain::Holding;
use super::permit::pause_ms;
use super::stop::Stop;
use super::{Relay, call_line};
use crate::defender::{CALL_TIMEOUT_MS, Call, Sent};
use crate::domain::budget::COUNTED_WITHIN_S;
use crate::domain::fold::Batch;
use crate::domain::{Judgement, MachineId, Obstacle, Priority, Remedy, Timestamp};
use crate::entra::Token;
use crate::store::LEASE_MS;

/// Attempts to get one call answered.
const ATTEMPTS_PER_CALL: u32 = 4;
/// Milliseconds before the second attempt; doubled with each.
const FIRST_BACKOFF_MS: i64 = 500;
/// Milliseconds from one attempt to the next where Defender may still carry out the first.
const SETTLED_AFTER_MS: i64 = COUNTED_WITHIN_S * 1000;
/// Milliseconds that lease and invocation must last when an attempt begins.
const ATTEMPT_MAX_MS: i64 = CALL_TIMEOUT_MS + SETTLED_AFTER_MS;
/// A lease that was just renewed must last that long.
const _: () = assert!(ATTEMPT_MAX_MS < LEASE_MS);
/// Milliseconds that nothing is sent when only an operator can help.
const OPERATOR_HOLD_MS: i64 = 300_000;
/// The last attempt that got no answer.
struct Failed {
    why: String,
    settled_at: Timestamp,
}

impl Relay {
    /// Gets one call answered.
    pub(super) async fn call(
        &self,
        holding: &Holding,
        batch: &Batch,
        machines: &[MachineId],
    ) -> Result<Judgement, Stop> {
        let call = Call { tag: &batch.tag, action: batch.action, machines };
        let mut token_refused = false;
        let mut failed = Failed { why: "no permit was fresh enough".into(), settled_at: self.clock().now() };
        for attempt in 0..ATTEMPTS_PER_CALL {
            let (token, answer) = match self.attempt(holding, call, batch.priority, attempt).await? {
                (token, Sent::Answered(answer)) => (token, answer),
                (_, Sent::PermitTooOld) => continue,
            };
            let obstacle = match answer {
                Ok(judgement) => {
                    holding.answered();
                    return Ok(judgement);
                }
                Err(obstacle) => obstacle,
            };
            match obstacle {
                Obstacle::TokenRefused(_) if !token_refused => {
                    self.0.parts.tokens.drop_token(&token).await;
                    token_refused = true;
                }
                Obstacle::Unavailable { why, may_still_apply } => {
                    let settled_ms = if may_still_apply { SETTLED_AFTER_MS } else { 0 };
                    failed = Failed { why, settled_at: self.clock().now().plus_ms(settled_ms) };
                    if holding.is_probing() || !self.back_off(attempt, failed.settled_at).await {
                        break;
                    }
                }
                other => return Err(self.stop_for(other).await?),
            }
        }
        Err(Stop::Unavailable { why: failed.why, settled_at: failed.settled_at })
    }

    /// One attempt: token, lease, permit, request.
    async fn attempt(
        &self,
        holding: &Holding,
        call: Call<'_>,
        class: Priority,
        attempt: u32,
    ) -> Result<(Token, Sent), Stop> {
        let token = match self.0.parts.tokens.get().await {
            Ok(token) => token,
            Err(error) => {
                tracing::warn!(TokenFailures = 1, tenant = %self.tenant(), %error, "no token");
                return Err(self.stop_for(error.obstacle()).await?);
            }
        };
        self.ensure_time(holding).await?;
        let permit = self.permit(class).await?;
        if self.time_left_ms(holding).await < CALL_TIMEOUT_MS {
            return Err(Stop::OutOfTime);
        }
        let began_at = self.clock().now();
        let sent = self.0.parts.defender.send(call, &token, permit).await;
        if let Sent::Answered(answer) = &sent {
            let took_ms = self.clock().now().ms_since(began_at);
            call_line::tell(
                call_line::About { tenant: self.tenant(), permit, attempt, took_ms },
                call,
                answer,
            );
        }
        Ok((token, sent))
    }

    /// Makes sure that the invocation and the lease last as long as an attempt may take.
    async fn ensure_time(&self, holding: &Holding) -> Result<(), Stop> {
        let lease_ms = holding.lease.lock().await.until.ms_since(self.clock().now());
        if lease_ms < ATTEMPT_MAX_MS {
            self.renew(holding).await?;
        }
        if self.time_left_ms(holding).await < CALL_TIMEOUT_MS { Err(Stop::OutOfTime) } else { Ok(()) }
    }

    /// Milliseconds that both the invocation and the lease still last.
    async fn time_left_ms(&self, holding: &Holding) -> i64 {
        let until = holding.lease.lock().await.until.min(self.stop_before());
        until.ms_since(self.clock().now())
    }

    /// Waits before the next attempt. Says whether there is time for one.
    async fn back_off(&self, attempt: u32, settled_at: Timestamp) -> bool {
        let until = self.clock().now().plus_ms(FIRST_BACKOFF_MS << attempt).max(settled_at);
        if attempt + 1 == ATTEMPTS_PER_CALL || until.plus_ms(CALL_TIMEOUT_MS) > self.stop_before() {
            return false;
        }
        self.clock().wait_until(until).await;
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
            Obstacle::TokenRefused(refusal) => operator(
                format!(
                    "token_refused: Defender does not take a new token ({refusal}); check DEFENDER_REGION"
                ),
                now,
            ),
            Obstacle::Forbidden(refusal) => operator(
                format!(
                    "permission_missing: grant the app Machine.ReadWrite.All for WindowsDefenderATP and give \
                     admin consent ({refusal})"
                ),
                now,
            ),
            Obstacle::NoToken { why, remedy: Remedy::Operator } => operator(format!("no_token: {why}"), now),
            Obstacle::NoToken { why, remedy: Remedy::Wait { retry_after_s } } => {
                let until = now.plus_ms(pause_ms(retry_after_s));
                Stop::Held { until, routine_only: false, reason: format!("no_token: {why}") }
            }
            Obstacle::NoToken { why, remedy: Remedy::TryAgain } | Obstacle::Unavailable { why, .. } => {
                Stop::Unavailable { why, settled_at: now }
            }
        })
    }
}

fn operator(reason: String, now: Timestamp) -> Stop {
    tracing::error!(reason, "an operator is needed");
    Stop::Held { until: now.plus_ms(OPERATOR_HOLD_MS), routine_only: false, reason }
}
