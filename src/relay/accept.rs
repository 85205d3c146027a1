//! `accept`: from an allowed request to a durable one.
//!
//! Invariant: it returns requests only after the one write that made them durable, whole: all of a delivery or none.
//! The same key and content give the first requests again; nothing is done twice.

use super::{Relay, Waiting, trail};
use crate::domain::{Order, RequestId, RequestRecord, TagRequest, Timestamp};
use crate::inbound::Allowed;
use crate::store::{Put, PutAll, Save, StoreError};

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
        let request = self.asked_for(allowed, idempotency_key, 1);
        let waiting = self.wait_for(request.id);
        let _turn = self.0.accepting.acquire().await.ok();
        let places = self.0.parts.store.next_order(request.together).await?;
        self.0.drain_status.note_drain_state(&places.drain, self.clock().now());
        let record = self.placed(request, places.first);
        match self.0.parts.store.put(&record).await? {
            Put::Created => {
                trail::accepted(self.tenant(), &record);
                Ok(Accepted { record, waiting })
            }
            // The answer to the first attempt was lost, and the client tried again.
            Put::Exists(first) if first.queued == record.queued => {
                trail::accepted(self.tenant(), &record);
                Ok(Accepted { record: *first, waiting })
            }
            Put::Exists(first) if first.request.asks_the_same_as(&record.request) => {
                Ok(Accepted { record: *first, waiting })
            }
            Put::Exists(_) => Err(AcceptError::KeyReused),
        }
    }

    /// Makes all requests of a delivery durable, in this order, or none of them. Each has an idempotency key of its own,
    /// or none has. Those of a delivery that was accepted before are given back, as far as they are still kept.
    pub async fn accept_all(
        &self,
        delivery: Vec<(Allowed, Option<String>)>,
    ) -> Result<Vec<Accepted>, AcceptError> {
        let together = u8::try_from(delivery.len()).unwrap_or(u8::MAX);
        let requests =
            delivery.into_iter().map(|(allowed, key)| self.asked_for(allowed, key.as_deref(), together));
        let requests: Vec<_> = requests.collect();
        let waiting: Vec<_> = requests.iter().map(|request| self.wait_for(request.id)).collect();
        let _turn = self.0.accepting.acquire().await.ok();
        let places = self.0.parts.store.next_order(together).await?;
        self.0.drain_status.note_drain_state(&places.drain, self.clock().now());
        let records: Vec<_> = requests
            .into_iter()
            .zip(places.first..)
            .map(|(request, order)| self.placed(request, order))
            .collect();
        let kept = match self.0.parts.store.put_all(&records).await? {
            PutAll::Created => {
                for record in &records {
                    trail::accepted(self.tenant(), record);
                }
                records.into_iter().map(Some).collect()
            }
            PutAll::Exist(kept) if are_the_same(&kept, &records) => kept,
            PutAll::Exist(_) => return Err(AcceptError::KeyReused),
        };
        let accepted = kept.into_iter().zip(waiting);
        Ok(accepted.filter_map(|(record, waiting)| Some(Accepted { record: record?, waiting })).collect())
    }

    fn asked_for(&self, allowed: Allowed, key: Option<&str>, together: u8) -> TagRequest {
        let (source, tag, action, priority, machines) = allowed.into_parts();
        let id = key.map_or_else(RequestId::fresh, |key| RequestId::keyed(&source, key));
        let received_at = self.clock().now();
        TagRequest { id, source, tag, action, priority, received_at, machines, together }
    }

    /// The request at its place. It came at the time that other instances will hold its age against: a wrong clock must
    /// not make it expire early.
    fn placed(&self, request: TagRequest, order: Order) -> RequestRecord {
        RequestRecord::new(TagRequest { received_at: self.table_time(), ..request }, order)
    }

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
        let places = store.next_order(1).await?;
        self.0.drain_status.note_drain_state(&places.drain, self.clock().now());
        let mut again = record.again(places.first, self.table_time());
        again.request.priority = allowed.priority();
        match store.requeue(&again).await? {
            Save::Saved => again.revision += 1,
            Save::Changed => return Err(RetryError::Changed),
        }
        trail::accepted(self.tenant(), &again);
        Ok(Accepted { record: again, waiting })
    }
}

/// Whether those that are kept ask for what these do. How many came together is part of what each asks for.
fn are_the_same(kept: &[Option<RequestRecord>], records: &[RequestRecord]) -> bool {
    let each = kept.iter().zip(records);
    each.filter_map(|(kept, record)| Some((kept.as_ref()?, record)))
        .all(|(kept, record)| kept.request.asks_the_same_as(&record.request))
}
