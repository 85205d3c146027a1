//! Taking up the failed machines of a request again.

use std::sync::Arc;

use super::super::audit;
use super::super::parts::{Inner, Parts};
use super::super::waiting::Waiting;
use super::delivery::Accepted;
use crate::domain::RequestRecord;
use crate::inbound::Allowed;
use crate::store::{Save, StoreError};

/// Why a request was not sent again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RetryError {
    /// Nothing in it ended expired, rejected or unconfirmed.
    #[error("no machine of this request ended expired, rejected or unconfirmed")]
    NothingFailed,
    /// It changed meanwhile. The sender may look at it and try again.
    #[error("the request has changed meanwhile")]
    Changed,
    /// It could not be made durable. The sender may try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Takes the failed machines of a request up again, as if they were asked for now: later in order than any request
/// before, and with the whole time to expire. `allowed` shows that the source may still ask for them.
pub(in crate::relay) async fn retry(
    inner: &Arc<Inner>,
    record: RequestRecord,
    allowed: &Allowed,
) -> Result<Accepted, RetryError> {
    let waiting = Waiting::begin(inner, record.request.id);
    if !record.is_done() {
        return Ok(Accepted { record, waiting });
    }
    if record.failed().is_empty() {
        return Err(RetryError::NothingFailed);
    }
    let _turn = inner.accepting.acquire().await.ok();
    let Parts { store, clock, tenant, .. } = &inner.parts;
    let places = store.next_order(1).await?;
    inner.drain_status.note_drain_state(&places.drain, clock.now());
    let mut again = record.again(places.first, store.corrected(clock.now()));
    again.request.priority = allowed.priority();
    match store.requeue(&again).await? {
        Save::Saved => again.revision += 1,
        Save::Changed => return Err(RetryError::Changed),
    }
    audit::accepted(tenant, &again);
    Ok(Accepted { record: again, waiting })
}
