//! The budget's item: each decision of the pure core is one conditional write.
//!
//! Invariant: a permit exists only after a write that counted it. An answer that never came counts too much,
//! never too little; a table that cannot be reached gives no permit.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure};

use super::item::{Item, PK, SK, bytes, find_number, get_bytes, get_number, number, text};
use super::{Store, StoreError, unavailable};
use crate::domain::Timestamp;
use crate::domain::budget::{Decision, Ledger, Limits, Permit, RULES_VERSION, decide};

/// Writes one asking for a permit may cost. Each refusal brings the ledger as it is now.
const ATTEMPTS: u32 = 3;
/// Milliseconds to stay away after losing every attempt to others.
const CONTENDED_MS: i64 = 50;

/// What asking for a permit came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Taken {
    /// A permit.
    Granted(Permit),
    /// None before this moment.
    Later(Timestamp),
    /// None until an operator has looked: the text says why.
    Refused(String),
}

enum Written {
    Yes { calls: Option<u32> },
    No { now_stands: Option<Box<Ledger>> },
}

impl Store {
    /// Asks for the permit to make one call. `seen` is the ledger last seen, kept up to date here.
    pub async fn take_permit(
        &self,
        seen: &mut Option<Ledger>,
        limits: Limits,
        now: Timestamp,
    ) -> Result<Taken, StoreError> {
        for _ in 0..ATTEMPTS {
            let decision = decide(seen.as_ref(), 1, limits, now);
            let Some(permit) = decision.permit() else { return Ok(refusal(&decision)) };
            match self.carry_out(&decision, now).await? {
                Written::Yes { calls } => {
                    remember(seen, decision, calls);
                    return Ok(Taken::Granted(permit));
                }
                Written::No { now_stands } => *seen = now_stands.map(|ledger| *ledger),
            }
        }
        Ok(Taken::Later(now.plus_ms(CONTENDED_MS)))
    }

    fn budget_update(&self) -> UpdateItemFluentBuilder {
        self.client
            .update_item()
            .table_name(&self.table)
            .key(PK, text(&self.tenant))
            .key(SK, text("budget"))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    async fn carry_out(&self, decision: &Decision, now: Timestamp) -> Result<Written, StoreError> {
        let update = self.budget_update();
        let sent = match decision {
            Decision::Count { head, calls_at_most } => count(update, *head, *calls_at_most, now).send().await,
            Decision::Roll { seen, next } => {
                let update = roll(update, next).condition_expression(
                    "head = :seenHead AND calls = :seenCalls AND pausedUntil <= :now AND rulesVersion = :rules",
                );
                let update = update
                    .expression_attribute_values(":seenHead", number(seen.0))
                    .expression_attribute_values(":seenCalls", number(seen.1))
                    .expression_attribute_values(":now", number(now.ms()));
                update.send().await
            }
            Decision::Create(ledger) => {
                let update = roll(update, ledger).condition_expression("attribute_not_exists(pk)");
                create(update, ledger).send().await
            }
            _ => return Ok(Written::No { now_stands: None }),
        };
        let error = match sent {
            Ok(done) => {
                let calls = find_number(done.attributes().unwrap_or(&Item::new()), "calls")?;
                return Ok(Written::Yes { calls });
            }
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(old)) => {
                Ok(Written::No { now_stands: old.item().map(ledger).transpose()?.map(Box::new) })
            }
            _ => Err(unavailable(&error)),
        }
    }

    /// The ledger as it stands.
    pub async fn ledger(&self) -> Result<Option<Ledger>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.key(PK, text(&self.tenant)).key(SK, text("budget")).send().await;
        found.map_err(|error| unavailable(&error))?.item().map(ledger).transpose()
    }

    /// Stops all permits until a moment. A later pause stands.
    pub async fn pause(&self, until: Timestamp) -> Result<(), StoreError> {
        let update = self
            .budget_update()
            .update_expression("SET pausedUntil = :until")
            .condition_expression("pausedUntil < :until")
            .expression_attribute_values(":until", number(until.ms()));
        match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(_)) => Ok(()),
                _ => Err(unavailable(&error)),
            },
        }
    }
}

fn refusal(decision: &Decision) -> Taken {
    match decision {
        Decision::Later(at) => Taken::Later(*at),
        Decision::ClockBehind(seconds) => Taken::Refused(format!(
            "this clock is {seconds} s behind the newest call; one of two clocks is wrong"
        )),
        Decision::OtherRules(version) => Taken::Refused(format!(
            "the budget is kept by rules {version}, this relay knows {RULES_VERSION}; deploy one version everywhere"
        )),
        _ => Taken::Refused("the limits leave no room for a single call".into()),
    }
}

/// After a count the counter's value is known; others may have counted in between.
fn remember(seen: &mut Option<Ledger>, decision: Decision, calls: Option<u32>) {
    match decision {
        Decision::Create(ledger) | Decision::Roll { next: ledger, .. } => *seen = Some(*ledger),
        _ => {
            if let (Some(ledger), Some(calls)) = (seen.as_mut(), calls) {
                ledger.calls = calls;
            }
        }
    }
}

fn count(
    update: UpdateItemFluentBuilder,
    head: i64,
    at_most: u32,
    now: Timestamp,
) -> UpdateItemFluentBuilder {
    update
        .update_expression("SET calls = calls + :n")
        .condition_expression(
            "head = :head AND calls <= :room AND pausedUntil <= :now AND rulesVersion = :rules",
        )
        .expression_attribute_values(":n", number(1))
        .expression_attribute_values(":head", number(head))
        .expression_attribute_values(":room", number(at_most))
        .expression_attribute_values(":now", number(now.ms()))
        .expression_attribute_values(":rules", number(RULES_VERSION))
        .return_values(ReturnValue::UpdatedNew)
}

fn roll(update: UpdateItemFluentBuilder, next: &Ledger) -> UpdateItemFluentBuilder {
    let (minute, hour) = next.packed();
    update
        .update_expression(
            "SET head = :head, calls = :calls, #minute = :minute, #hour = :hour, rulesVersion = :rules",
        )
        .expression_attribute_names("#minute", "minute")
        .expression_attribute_names("#hour", "hour")
        .expression_attribute_values(":head", number(next.head))
        .expression_attribute_values(":calls", number(next.calls))
        .expression_attribute_values(":minute", bytes(minute))
        .expression_attribute_values(":hour", bytes(hour))
        .expression_attribute_values(":rules", number(RULES_VERSION))
}

/// The first write sets the pause too, so that every later condition finds it.
fn create(update: UpdateItemFluentBuilder, ledger: &Ledger) -> UpdateItemFluentBuilder {
    update
        .update_expression(
            "SET head = :head, calls = :calls, #minute = :minute, #hour = :hour, rulesVersion = :rules, \
             pausedUntil = :paused",
        )
        .expression_attribute_values(":paused", number(ledger.paused_until.ms()))
}

fn ledger(item: &Item) -> Result<Ledger, StoreError> {
    let mut ledger = Ledger::new(get_number(item, "head")?, get_number(item, "calls")?);
    ledger.paused_until = Timestamp::from_ms(get_number(item, "pausedUntil")?);
    ledger.rules = get_number(item, "rulesVersion")?;
    ledger
        .with_packed(get_bytes(item, "minute")?, get_bytes(item, "hour")?)
        .map_err(|error| StoreError::Malformed(error.to_string()))
}
