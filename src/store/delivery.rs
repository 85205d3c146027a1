//! Deliveries of webhooks: which were taken, and which were unfit.
//!
//! Invariant: only what a source's key has signed is remembered here, so nobody else can fill the ledger.

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::item::{EXPIRES_AT, Item, PK, SK, get_number, get_text, number, text};
use super::{Store, StoreError, unavailable};
use crate::domain::{RequestId, SourceName, Timestamp};

/// Seconds a delivery without any time of its own is remembered: over a year, by the end of which its source's
/// secret should have been changed.
const REMEMBERED_S: i64 = 400 * 24 * 3600;
/// Characters of a reason that are kept.
const REASON_MAX_CHARS: usize = 1000;

/// A verified delivery that can never succeed, and why. Of the delivery it holds only what the reason names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedWebhook {
    /// Its id, under which it can be looked up.
    pub id: RequestId,
    /// Who sent it.
    pub source: SourceName,
    /// When it came.
    pub received_at: Timestamp,
    /// The problem's stable code.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Store {
    /// Seconds a finished request can still be looked up.
    pub const fn finished_kept_s(&self) -> i64 {
        self.finished_kept_s
    }

    /// Remembers a delivery, unless it is remembered already, and returns when it came first.
    pub async fn remember(&self, id: RequestId, now: Timestamp) -> Result<Timestamp, StoreError> {
        let item = [
            (PK, text(self.request_pk(id))),
            (SK, text(format!("delivery#{id}"))),
            ("firstAt", number(now.ms())),
            (EXPIRES_AT, number(now.second() + REMEMBERED_S)),
        ];
        let sent = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.map(|(name, value)| (name.to_owned(), value)).into()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
            .await;
        let Err(error) = sent else { return Ok(now) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(old)) => {
                let item =
                    old.item().ok_or_else(|| StoreError::Malformed("a delivery without an item".into()))?;
                get_number(item, "firstAt").map(Timestamp::from_ms)
            }
            _ => Err(unavailable(&error)),
        }
    }

    /// Keeps why a delivery was unfit, for as long as a finished request.
    pub async fn keep_unfit(&self, unfit: &RejectedWebhook) -> Result<(), StoreError> {
        let detail: String = unfit.detail.chars().take(REASON_MAX_CHARS).collect();
        let item = [
            ("id", text(unfit.id.to_string())),
            ("sourceName", text(unfit.source.as_str())),
            ("receivedAt", number(unfit.received_at.ms())),
            ("code", text(&unfit.code)),
            ("detail", text(detail)),
            (EXPIRES_AT, number(unfit.received_at.second() + self.finished_kept_s)),
        ];
        let mut item: Item = item.map(|(name, value)| (name.to_owned(), value)).into();
        item.extend(unfit_key(self, unfit.id));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(|_| ()).map_err(|error| unavailable(&error))
    }

    /// The unfit delivery of this id.
    pub async fn load_unfit(&self, id: RequestId) -> Result<Option<RejectedWebhook>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(unfit_key(self, id)));
        let found = get.consistent_read(true).send().await.map_err(|error| unavailable(&error))?;
        found.item().map(|item| from_item(id, item)).transpose()
    }
}

fn unfit_key(store: &Store, id: RequestId) -> Item {
    let key = [(PK, text(store.request_pk(id))), (SK, text(format!("unfit#{id}")))];
    key.map(|(name, value)| (name.to_owned(), value)).into()
}

fn from_item(id: RequestId, item: &Item) -> Result<RejectedWebhook, StoreError> {
    let source = SourceName::parse(get_text(item, "sourceName")?);
    Ok(RejectedWebhook {
        id,
        source: source.map_err(|_| StoreError::Malformed("attribute `sourceName`".into()))?,
        received_at: Timestamp::from_ms(get_number(item, "receivedAt")?),
        code: get_text(item, "code")?.into(),
        detail: get_text(item, "detail")?.into(),
    })
}
