//! `accept`: from an allowed request to a durable one.
//!
//! Invariant: it returns a request only after the one write that made it durable, whole. The same key and
//! content give the first request again; nothing is done twice.

use super::{Relay, Waiting, trail};
use crate::domain::{RequestId, RequestRecord, TagRequest, Timestamp};
use crate::inbound::Allowed;
use crate::store::{Put, Save, StoreError};

/// Requests that one process accepts at once. A Lambda instance has one; a local server may have many.
pub(super) const ACCEPTS_AT_ONCE: usize = 64;

/// Why a request was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AcceptError {
    /// The key was used before, for something else. The sender must choose another.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// It could not be made durable. The sender may try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a request was not sent again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RetryError {
    /// Nothing in it ended expired or rejected.
    #[error("no machine of this request ended expired or rejected")]
    NothingFailed,
    /// It changed meanwhile. The sender may look at it and try again.
    #[error("the request has changed meanwhile")]
    Changed,
    /// It could not be made durable. The sender may try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A request that is durable.
#[derive(Debug)]
pub struct Accepted {
    /// The request, as it stood when it was accepted.
    pub record: RequestRecord,
    /// A place among those who wait for it.
    pub waiting: Waiting,
}

impl Relay {
    /// Makes a request durable. With an idempotency key, a request that was accepted before is given back.
    pub async fn accept(
        &self,
        allowed: Allowed,
        idempotency_key: Option<&str>,
    ) -> Result<Accepted, AcceptError> {
        let (source, tag, action, priority, machines) = allowed.into_parts();
        let id = idempotency_key.map_or_else(RequestId::fresh, |key| RequestId::keyed(&source, key));
        let waiting = self.wait_for(id);
        let _turn = self.0.accepting.acquire().await.ok();
        let order = self.0.parts.store.next_order().await?;
        let received_at = self.table_time();
        let request = TagRequest { id, source, tag, action, priority, received_at, machines };
        let record = RequestRecord::new(request, order);
        match self.0.parts.store.put(&record).await? {
            Put::Created => {
                trail::accepted(self.tenant(), &record);
                Ok(Accepted { record, waiting })
            }
            Put::Exists(first) if first.request.asks_the_same_as(&record.request) => {
                Ok(Accepted { record: *first, waiting })
            }
            Put::Exists(_) => Err(AcceptError::KeyReused),
        }
    }

    /// The time that other instances will hold a request's age against: a wrong clock must not make it expire early.
    fn table_time(&self) -> Timestamp {
        self.0.parts.store.corrected(self.clock().now())
    }

    /// Takes the failed machines of a request up again, as if they were asked for now: later in order than any
    /// request before, and with the whole time to expire. `allowed` shows that its source may still ask for them.
    pub async fn retry(&self, record: RequestRecord, allowed: &Allowed) -> Result<Accepted, RetryError> {
        let waiting = self.wait_for(record.request.id);
        if !record.is_done() {
            return Ok(Accepted { record, waiting });
        }
        if record.failed().is_empty() {
            return Err(RetryError::NothingFailed);
        }
        let _turn = self.0.accepting.acquire().await.ok();
        let store = &self.0.parts.store;
        let order = store.next_order().await?;
        let mut again = record.again(order, self.table_time());
        again.request.priority = allowed.priority();
        match store.requeue(&again).await? {
            Save::Saved => again.revision += 1,
            Save::Changed => return Err(RetryError::Changed),
        }
        trail::accepted(self.tenant(), &again);
        Ok(Accepted { record: again, waiting })
    }
}
