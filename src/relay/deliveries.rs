//! Deliveries of webhooks: those that come again, and those that can never succeed.
//!
//! A delivery's request is found by its key for as long as the request is kept. A copy of a delivery that is fresh
//! for longer, or for ever, could be sent again after that; so the first coming of such a delivery is remembered by
//! itself, and much longer. Invariant: at every moment in which a delivery is fresh one of the two knows it.

use super::Relay;
use crate::domain::{RequestId, SourceName};
use crate::inbound::{DeliveryKey, Verified};
use crate::store::{RejectedWebhook, StoreError};

/// Of the seconds a finished request is kept, those within which a delivery that is remembered is still taken:
/// it may have been remembered and then not accepted.
const SURELY_KEPT: (i64, i64) = (6, 7);

impl Relay {
    /// Whether a delivery came first so long ago that its request may be forgotten. To be asked before `accept`.
    pub async fn was_taken_long_ago(
        &self,
        verified: &Verified,
        delivery: &DeliveryKey,
    ) -> Result<bool, StoreError> {
        let (store, now) = (&self.0.parts.store, self.clock().now());
        let surely_kept_s = store.finished_kept_s() * SURELY_KEPT.0 / SURELY_KEPT.1;
        let Some(key) = delivery.key_if_fresh_after(surely_kept_s) else { return Ok(false) };
        let first_at = store.remember(RequestId::keyed(&verified.source().name, key), now).await?;
        Ok(now.ms_since(first_at) > surely_kept_s * 1000)
    }

    /// Keeps why a verified delivery can never succeed. The same content has the same id.
    pub async fn keep_unfit(
        &self,
        source: &SourceName,
        content: &str,
        (code, detail): (&str, &str),
    ) -> Result<RejectedWebhook, StoreError> {
        let unfit = RejectedWebhook {
            id: RequestId::keyed(source, &format!("unfit {content}")),
            source: source.clone(),
            received_at: self.clock().now(),
            code: code.into(),
            detail: detail.into(),
        };
        self.0.parts.store.keep_unfit(&unfit).await?;
        Ok(unfit)
    }

    /// The unfit delivery of this id.
    pub async fn unfit(&self, id: RequestId) -> Result<Option<RejectedWebhook>, StoreError> {
        self.0.parts.store.load_unfit(id).await
    }
}
