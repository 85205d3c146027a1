//! The budget's item: each decision of the pure core is one conditional write.
//!
//! Invariant: a permit exists only after a write that counted it. If a write's answer is lost, the budget counts
//! too much, never too little. A table that cannot be reached gives no permit.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::{item, write};
use crate::domain::budget::{Decision, Ledger, Limits, Permit, RULES_VERSION, View};
use crate::domain::{Priority, Timestamp};
use crate::store::conditional::{Conditional, conditional};
use crate::store::item::{PK, SK, text};
use crate::store::table::{Store, StoreError, unavailable};

/// Writes that one request for a permit may cost. Each refusal brings the ledger as it is now.
const ATTEMPTS: u32 = 3;
/// Milliseconds to stay away after losing every attempt to others.
const CONTENDED_MS: i64 = 50;

/// The answer to a request for a permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitOutcome {
    /// A permit.
    Granted(Permit),
    /// No permit before this moment.
    Later(Timestamp),
    /// No permit until an operator has fixed the cause in the text.
    Refused(String),
}

impl Store {
    /// Asks for the permit to make one call. `view` is what the instance knows, and is kept up to date here;
    /// `jitter` is a random number.
    pub async fn take_permit(
        &self,
        view: &mut View,
        class: Priority,
        limits: Limits,
        now: impl Fn() -> Timestamp,
        jitter: u32,
    ) -> Result<PermitOutcome, StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(why) = self.clock_check.objection() {
                return Ok(PermitOutcome::Refused(why));
            }
            let asked_at = now();
            let decision = view.decide(class, limits, asked_at);
            let update = self.budget_update();
            let update = match &decision {
                Decision::Open(first) => write::open(update, first, class, asked_at),
                Decision::Draw => write::draw(update, class, limits, asked_at),
                Decision::Roll { seen, next } => write::roll(update, *seen, next, asked_at),
                Decision::TakeOver { seen, rules, next } => write::take_over(update, *seen, *rules, next),
                Decision::Later(at) => return Ok(PermitOutcome::Later(view.come_back(*at, jitter))),
                Decision::ClockBehind(seconds) => return Ok(clock_behind(*seconds)),
                Decision::NewerRules(version) => return Ok(newer_rules(*version)),
            };
            match carry_out(update).await? {
                Conditional::Done(stands) if matches!(decision, Decision::TakeOver { .. }) => {
                    tracing::warn!("the budget's ledger was of older rules: no call for an hour");
                    view.refused(Some(stands));
                }
                Conditional::Done(stands) => {
                    let permit = view.granted(stands);
                    return Ok(self
                        .clock_check
                        .objection()
                        .map_or(PermitOutcome::Granted(permit), PermitOutcome::Refused));
                }
                Conditional::Refused(stands) => view.refused(stands),
            }
        }
        Ok(PermitOutcome::Later(view.come_back(now().plus_ms(CONTENDED_MS), jitter)))
    }

    /// The ledger as it stands.
    pub async fn ledger(&self) -> Result<Option<Ledger>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.key(PK, text(&self.tenant)).key(SK, text("budget")).send().await;
        found.map_err(|error| unavailable(&error))?.item().map(item::read).transpose()
    }

    /// Stops all permits until a moment, because Defender refused a call that had its permit, and charges the
    /// rest of the minute to other users of the app. A later pause stands.
    pub async fn pause(
        &self,
        view: &mut View,
        until: Timestamp,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let Some(seen) = view.ledger() else { break };
            let Some(next) = view.charged(until, limits, now) else { break };
            match carry_out(write::charge(self.budget_update(), seen, &next)).await? {
                Conditional::Done(stands) => {
                    let charged = next.calls.saturating_sub(seen.calls);
                    tracing::warn!(%until, charged, "Defender refuses calls that had their permits: pause");
                    view.refused(Some(stands));
                    return Ok(());
                }
                Conditional::Refused(stands) => view.refused(stands),
            }
        }
        match carry_out(write::pause(self.budget_update(), until)).await? {
            Conditional::Done(stands) => view.refused(Some(stands)),
            Conditional::Refused(stands) => view.refused(stands),
        }
        tracing::warn!(%until, "Defender refuses calls that had their permits: pause");
        Ok(())
    }

    fn budget_update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(&self.tenant))
            .key(SK, text("budget"))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }
}

/// Carries a write out; the ledgers are those that stand after it.
async fn carry_out(update: UpdateItemFluentBuilder) -> Result<Conditional<Ledger, Ledger>, StoreError> {
    Ok(match conditional(update.send().await)? {
        Conditional::Done(done) => {
            let stands = done.attributes().ok_or_else(|| StoreError::Malformed("no attributes".into()))?;
            Conditional::Done(item::read(stands)?)
        }
        Conditional::Refused(stands) => Conditional::Refused(stands.as_ref().map(item::read).transpose()?),
    })
}

fn clock_behind(seconds: i64) -> PermitOutcome {
    PermitOutcome::Refused(format!(
        "this clock is {seconds} s behind the newest call; one of two clocks is wrong"
    ))
}

fn newer_rules(version: u32) -> PermitOutcome {
    PermitOutcome::Refused(format!(
        "the budget is kept by rules {version}, this relay knows {RULES_VERSION}; deploy one version everywhere"
    ))
}
