//! Accepting a delivery: one request of a native call, or all the requests of a webhook.
//!
//! Invariant: it returns requests only after the one write that made them durable: all of a delivery or none. The same
//! key and content give the first requests again, so nothing is done twice.

use std::sync::Arc;

use super::super::audit;
use super::super::parts::{Inner, Parts};
use super::super::waiting::Waiting;
use crate::domain::{RequestId, RequestRecord, TagRequest};
use crate::inbound::{Allowed, DeliveryKey};
use crate::store::{Created, StoreError};

/// Why a delivery was not accepted.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AcceptError {
    /// The key was used before, for something else. The sender must choose another.
    #[error("the idempotency key was used for another request")]
    KeyReused,
    /// It could not be made durable. The sender may try again.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Requests that come together, in the order in which they are accepted. Each has an idempotency key of its own, or none
/// has one.
#[derive(Debug)]
pub struct Delivery(Vec<(Allowed, Option<String>)>);

impl Delivery {
    /// A native request, with the idempotency key that its sender gave it.
    pub fn native(request: Allowed, key: Option<&str>) -> Self {
        Self(vec![(request, key.map(str::to_owned))])
    }

    /// The requests of a webhook.
    pub fn webhook(requests: Vec<Allowed>, key: &DeliveryKey) -> Self {
        let keyed = requests.into_iter().enumerate().map(|(place, request)| (request, key.key(place)));
        Self(keyed.collect())
    }
}

/// A request that is durable.
#[derive(Debug)]
pub struct Accepted {
    /// The request, as it stood when it was accepted.
    pub record: RequestRecord,
    /// A place among the callers that wait for it.
    pub waiting: Waiting,
}

/// Makes all requests of a delivery durable, or none of them. Requests of a delivery that was accepted before are given
/// back, as far as they are still kept.
pub(in crate::relay) async fn accept(
    inner: &Arc<Inner>,
    delivery: Delivery,
) -> Result<Vec<Accepted>, AcceptError> {
    let requests = tag_requests(inner, delivery);
    // Waiting begins before a drain can see the requests, so that no outcome is missed.
    let waiting: Vec<_> = requests.iter().map(|request| Waiting::begin(inner, request.id)).collect();
    let _turn = inner.accepting.acquire().await.ok();
    let records = placed(inner, requests).await?;
    let kept = match inner.parts.store.create(&records).await? {
        Created::All => return Ok(all_accepted(inner, records, waiting)),
        Created::Exist(kept) if are_the_same(&kept, &records) => kept,
        Created::Exist(_) => return Err(AcceptError::KeyReused),
    };
    for (kept, record) in kept.iter().zip(&records) {
        // A kept record with the place that was just given out is this write's own: its first answer was lost.
        if kept.as_ref().is_some_and(|kept| kept.queued == record.queued) {
            audit::accepted(&inner.parts.tenant, record);
        }
    }
    let accepted = kept.into_iter().zip(waiting);
    Ok(accepted.filter_map(|(record, waiting)| Some(Accepted { record: record?, waiting })).collect())
}

fn all_accepted(inner: &Inner, records: Vec<RequestRecord>, waiting: Vec<Waiting>) -> Vec<Accepted> {
    for record in &records {
        audit::accepted(&inner.parts.tenant, record);
    }
    let accepted = records.into_iter().zip(waiting);
    accepted.map(|(record, waiting)| Accepted { record, waiting }).collect()
}

fn tag_requests(inner: &Inner, Delivery(requests): Delivery) -> Vec<TagRequest> {
    let together = u8::try_from(requests.len()).unwrap_or(u8::MAX);
    let received_at = inner.parts.clock.now();
    let tag_request = |(allowed, key): (Allowed, Option<String>)| {
        let (source, tag, action, priority, machines) = allowed.into_parts();
        let id = key.map_or_else(RequestId::fresh, |key| RequestId::keyed(&source, &key));
        TagRequest { id, source, tag, action, priority, received_at, machines, together }
    };
    requests.into_iter().map(tag_request).collect()
}

/// The requests with the next places in the order. They are dated by the table's clock, which other instances use to
/// expire them: a wrong clock of this machine must not make them expire early.
async fn placed(inner: &Inner, requests: Vec<TagRequest>) -> Result<Vec<RequestRecord>, StoreError> {
    let Parts { store, clock, .. } = &inner.parts;
    let together = requests.first().map_or(1, |request| request.together);
    let places = store.next_order(together).await?;
    inner.drain_status.note_drain_state(&places.drain, clock.now());
    let received_at = store.corrected(clock.now());
    let record = |(request, order)| RequestRecord::new(TagRequest { received_at, ..request }, order);
    Ok(requests.into_iter().zip(places.first..).map(record).collect())
}

/// Whether those that are kept ask for what these do. How many came together is part of what each asks for.
fn are_the_same(kept: &[Option<RequestRecord>], records: &[RequestRecord]) -> bool {
    let mut pairs = kept.iter().zip(records);
    pairs
        .all(|(kept, record)| kept.as_ref().is_none_or(|kept| kept.request.asks_the_same_as(&record.request)))
}
