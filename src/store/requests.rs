//! Requests: each is one item, written whole and changed by conditional writes.
//!
//! Invariant: outcomes are written only over the revision they were made from.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};

use super::conditional::{Conditional, conditional};
use super::item::{EXPIRES_AT, Item, QUEUED, QUEUED_AT, bytes, number, text};
use super::request_item;
use super::table::{Store, StoreError, unavailable};
use crate::domain::{Order, RequestId, RequestRecord, Timestamp};

/// What became of a write of outcomes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Save {
    /// They are durable.
    Saved,
    /// The request was changed since it was read.
    Changed,
}

impl Store {
    /// The request of this id.
    pub async fn load(&self, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        let get = self.client.get_item().table_name(&self.table);
        let found = get.set_key(Some(self.request_key(id))).consistent_read(true).send().await;
        found.map_err(|error| unavailable(&error))?.item().map(request_item::from_item).transpose()
    }

    /// Makes a request's outcomes durable and, if it is done, takes it out of the backlog in the same write.
    pub async fn save(&self, record: &RequestRecord, now: Timestamp) -> Result<Save, StoreError> {
        if !record.is_done() {
            return self.write_outcomes(record, "", |update| update).await;
        }
        let kept_until = now.second() + self.finished_kept_s;
        let clause = format!(", {EXPIRES_AT} = :kept REMOVE {QUEUED}");
        self.write_outcomes(record, &clause, |update| {
            update.expression_attribute_values(":kept", number(kept_until))
        })
        .await
    }

    /// Puts a finished request back into the backlog, at the place that `record` has in the order.
    pub async fn requeue(&self, record: &RequestRecord) -> Result<Save, StoreError> {
        let clause =
            format!(", {QUEUED} = :order, {QUEUED_AT} = :at, #priority = :priority REMOVE {EXPIRES_AT}");
        self.write_outcomes(record, &clause, |update| {
            update
                .expression_attribute_names("#priority", "priority")
                .expression_attribute_values(":priority", text(record.request.priority.as_str()))
                .expression_attribute_values(":order", number(record.queued.unwrap_or_default()))
                .expression_attribute_values(":at", number(record.queued_at.ms()))
        })
        .await
    }

    async fn write_outcomes(
        &self,
        record: &RequestRecord,
        clause: &str,
        values: impl FnOnce(UpdateItemFluentBuilder) -> UpdateItemFluentBuilder,
    ) -> Result<Save, StoreError> {
        let packed = request_item::pack(&record.outcomes);
        let written = OutcomesWrite {
            revision: record.revision + 1,
            codes: packed.codes.clone(),
            queued: record.queued.filter(|_| !record.is_done()),
        };
        let set = "SET outcomes = :outcomes, details = :details, revision = :next";
        let update = self
            .client
            .update_item()
            .table_name(&self.table)
            .set_key(Some(self.request_key(record.request.id)))
            .update_expression(format!("{set}{clause}"))
            .condition_expression("revision = :seen")
            .expression_attribute_values(":outcomes", bytes(packed.codes))
            .expression_attribute_values(":details", AttributeValue::L(packed.details))
            .expression_attribute_values(":seen", number(record.revision))
            .expression_attribute_values(":next", number(record.revision + 1))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional(values(update).send().await)? {
            Conditional::Done(_) => Ok(Save::Saved),
            Conditional::Refused(Some(item)) if written.stands_in(&item) => Ok(Save::Saved),
            Conditional::Refused(_) => Ok(Save::Changed),
        }
    }

    fn request_key(&self, id: RequestId) -> Item {
        request_item::key(self.request_pk(id), id).map(|(name, value)| (name.to_owned(), value)).into()
    }
}

/// What one write of outcomes leaves in the item: enough to tell it from another instance's write.
struct OutcomesWrite {
    revision: u32,
    codes: Vec<u8>,
    queued: Option<Order>,
}

impl OutcomesWrite {
    /// Whether the item is what an earlier attempt of the same write left.
    fn stands_in(&self, item: &Item) -> bool {
        request_item::from_item(item).is_ok_and(|seen| {
            (seen.revision, seen.queued) == (self.revision, self.queued)
                && request_item::pack(&seen.outcomes).codes == self.codes
        })
    }
}
