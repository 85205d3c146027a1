//! Webhooks that were rejected: verified, but never able to succeed.
//!
//! Invariant: only webhooks that a source's key has signed are kept here.

use super::item::{EXPIRES_AT, Item, PK, SK, get_number, get_text, malformed, number, text};
use super::table::{Store, StoreError, unavailable};
use crate::domain::{RequestId, SourceName, Timestamp};

/// Characters of a reason that are kept.
const REASON_MAX_CHARS: usize = 1000;

/// A verified delivery that can never succeed, and why. It holds nothing of the delivery but what the reason names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedWebhook {
    /// Its id, under which it can be looked up.
    pub id: RequestId,
    /// The source that sent it.
    pub source: SourceName,
    /// When it came.
    pub received_at: Timestamp,
    /// The problem's stable code.
    pub code: String,
    /// What is wrong with it.
    pub detail: String,
}

impl Store {
    /// Keeps why a delivery was rejected, for as long as a finished request.
    pub async fn keep_rejected(&self, rejected: &RejectedWebhook) -> Result<(), StoreError> {
        let detail: String = rejected.detail.chars().take(REASON_MAX_CHARS).collect();
        let item = [
            ("id", text(rejected.id.to_string())),
            ("sourceName", text(rejected.source.as_str())),
            ("receivedAt", number(rejected.received_at.ms())),
            ("code", text(&rejected.code)),
            ("detail", text(detail)),
            (EXPIRES_AT, number(rejected.received_at.second() + self.finished_kept_s)),
        ];
        let mut item: Item = item.map(|(name, value)| (name.to_owned(), value)).into();
        item.extend(rejected_key(self, rejected.id));
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item)).send().await;
        put.map(|_| ()).map_err(|error| unavailable(&error))
    }

    /// The rejected delivery of this id.
    pub async fn load_rejected(&self, id: RequestId) -> Result<Option<RejectedWebhook>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).set_key(Some(rejected_key(self, id)));
        let found = get.consistent_read(true).send().await.map_err(|error| unavailable(&error))?;
        found.item().map(|item| from_item(id, item)).transpose()
    }
}

fn rejected_key(store: &Store, id: RequestId) -> Item {
    let key = [(PK, text(store.request_pk(id))), (SK, text(format!("unfit#{id}")))];
    key.map(|(name, value)| (name.to_owned(), value)).into()
}

fn from_item(id: RequestId, item: &Item) -> Result<RejectedWebhook, StoreError> {
    let source = SourceName::parse(get_text(item, "sourceName")?);
    Ok(RejectedWebhook {
        id,
        source: source.map_err(|_| malformed("sourceName"))?,
        received_at: Timestamp::from_ms(get_number(item, "receivedAt")?),
        code: get_text(item, "code")?.into(),
        detail: get_text(item, "detail")?.into(),
    })
}
