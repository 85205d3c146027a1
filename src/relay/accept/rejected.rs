//! Webhooks that can never succeed, and whose sender would give up on the relay if it were told so.

use super::super::parts::Inner;
use crate::domain::{RequestId, SourceName};
use crate::store::{RejectedWebhook, StoreError};

/// Keeps why a verified webhook can never succeed. The same content has the same id.
pub(in crate::relay) async fn keep_rejected(
    inner: &Inner,
    source: &SourceName,
    content: &str,
    (code, detail): (&str, &str),
) -> Result<RejectedWebhook, StoreError> {
    let rejected = RejectedWebhook {
        id: RequestId::keyed(source, &format!("unfit {content}")),
        source: source.clone(),
        received_at: inner.parts.clock.now(),
        code: code.into(),
        detail: detail.into(),
    };
    inner.parts.store.keep_rejected(&rejected).await?;
    Ok(rejected)
}

/// The rejected webhook of this id.
pub(in crate::relay) async fn load_rejected(
    inner: &Inner,
    id: RequestId,
) -> Result<Option<RejectedWebhook>, StoreError> {
    inner.parts.store.load_rejected(id).await
}
