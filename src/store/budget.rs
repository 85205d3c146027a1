//! The budget's item: each decision of the pure core is one conditional write.
//!
//! Invariant: a permit exists only after a write that counted it. An answer that never came counts too much,
//! never too little; a table that cannot be reached gives no permit.

mod item;
mod write;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{PK, SK, text};
use super::{Store, StoreError, unavailable};
use crate::domain::budget::{Decision, Ledger, Limits, Permit, RULES_VERSION, View};
use crate::domain::{Priority, Timestamp};

/// Writes one asking for a permit may cost. Each refusal brings the ledger as it is now.
const ATTEMPTS: u32 = 3;
/// Milliseconds to stay away after losing every attempt to others.
const CONTENDED_MS: i64 = 50;

/// What asking for a permit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PermitOutcome {
    /// A permit.
    Granted(Permit),
    /// None before this moment.
    Later(Timestamp),
    /// None until an operator has looked: the text says why.
    Refused(String),
}

/// What became of a write.
enum Written {
    /// It was carried out; the ledger after it.
    Yes(Ledger),
    /// It was not; the ledger that stands, if there is one.
    No(Option<Ledger>),
}

impl Store {
    /// Asks for the permit to make one call. `view` is what the holder knows, kept up to date here; `jitter`
    /// is a random number.
    pub async fn take_permit(
        &self,
        view: &mut View,
        class: Priority,
        limits: Limits,
        now: impl Fn() -> Timestamp,
        jitter: u32,
    ) -> Result<PermitOutcome, StoreError> {
        for _ in 0..ATTEMPTS {
            if let Some(why) = self.sentinel.objection() {
                return Ok(PermitOutcome::Refused(why));
            }
            let asked_at = now();
            let decision = view.decide(class, limits, asked_at);
            let Some(update) = write::of(self.budget_update(), &decision, class, limits, asked_at) else {
                return Ok(refusal(&decision, view, jitter));
            };
            match written(update).await? {
                Written::Yes(stands) if matches!(decision, Decision::TakeOver { .. }) => {
                    tracing::warn!("the budget's ledger was of older rules: no call for an hour");
                    view.refused(Some(stands));
                }
                Written::Yes(stands) => {
                    let permit = view.granted(stands);
                    return Ok(self
                        .sentinel
                        .objection()
                        .map_or(PermitOutcome::Granted(permit), PermitOutcome::Refused));
                }
                Written::No(stands) => view.refused(stands),
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
    /// rest of the minute to whoever else uses the app. A later pause stands.
    pub async fn pause(
        &self,
        view: &mut View,
        until: Timestamp,
        limits: Limits,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..ATTEMPTS {
            let (Some(seen), Some(next)) = (view.ledger(), view.charged(until, limits, now)) else { break };
            match written(write::charge(self.budget_update(), seen, &next)).await? {
                Written::Yes(stands) => {
                    let charged = next.calls.saturating_sub(seen.calls);
                    tracing::warn!(%until, charged, "Defender refuses calls that had their permits: pause");
                    view.refused(Some(stands));
                    return Ok(());
                }
                Written::No(stands) => view.refused(stands),
            }
        }
        match written(write::pause(self.budget_update(), until)).await? {
            Written::Yes(stands) | Written::No(Some(stands)) => view.refused(Some(stands)),
            Written::No(None) => view.refused(None),
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

async fn written(update: UpdateItemFluentBuilder) -> Result<Written, StoreError> {
    let error = match update.send().await {
        Ok(done) => {
            let stands = done.attributes().ok_or_else(|| StoreError::Malformed("no attributes".into()))?;
            return item::read(stands).map(Written::Yes);
        }
        Err(error) => error,
    };
    match error.as_service_error() {
        Some(UpdateItemError::ConditionalCheckFailedException(old)) => {
            old.item().map(item::read).transpose().map(Written::No)
        }
        _ => Err(unavailable(&error)),
    }
}

fn refusal(decision: &Decision, view: &View, jitter: u32) -> PermitOutcome {
    match decision {
        Decision::Later(at) => PermitOutcome::Later(view.come_back(*at, jitter)),
        Decision::ClockBehind(seconds) => PermitOutcome::Refused(format!(
            "this clock is {seconds} s behind the newest call; one of two clocks is wrong"
        )),
        Decision::NewerRules(version) => PermitOutcome::Refused(format!(
            "the budget is kept by rules {version}, this relay knows {RULES_VERSION}; deploy one version everywhere"
        )),
        _ => PermitOutcome::Refused("the limits leave no room for a single call".into()),
    }
}
