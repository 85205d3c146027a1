//! Those who wait for a request to be done.
//!
//! Invariant: whoever registered before the request was durable is told by a drain of the same process without any
//! read; a drain of another process is noticed by looking, at most every [`LOOK_MS`] milliseconds.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use super::Relay;
use crate::domain::{Order, RequestId, RequestRecord};
use crate::store::StoreError;

/// Milliseconds between two looks at a request that another process drains.
const LOOK_MS: u64 = 250;

type Told = Option<Arc<RequestRecord>>;

/// Who waits for which request.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<HashMap<RequestId, watch::Sender<Told>>>);

impl Waiters {
    fn register(&self, id: RequestId) -> watch::Receiver<Told> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id).or_insert_with(|| watch::channel(None).0).subscribe()
    }

    fn forget(&self, id: RequestId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&id);
        }
    }

    /// Tells those who wait that a request is done.
    pub(super) fn tell(&self, record: &RequestRecord) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&record.request.id) {
            sender.send_replace(Some(Arc::new(record.clone())));
        }
    }
}

/// How long somebody waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// So many milliseconds, but not while the drain is held up or batches gather: then the answer is better
    /// given at once.
    Usual {
        /// Milliseconds.
        ms: u32,
    },
    /// So many milliseconds, unless it is known that nothing is sent before they are over.
    Asked {
        /// Milliseconds.
        ms: u32,
    },
}

/// A place among those who wait for a request.
#[derive(Debug)]
pub struct Waiting {
    relay: Relay,
    id: RequestId,
    told: Option<watch::Receiver<Told>>,
}

impl Relay {
    /// Begins to wait for a request; to be done before it can be in the backlog.
    pub(super) fn wait_for(&self, id: RequestId) -> Waiting {
        Waiting { relay: self.clone(), id, told: Some(self.0.waiters.register(id)) }
    }
}

impl Waiting {
    /// The request, which now waits as `record` says, when it is done; nothing when the patience is at its end.
    pub async fn done(mut self, record: &RequestRecord, patience: Patience) -> Option<RequestRecord> {
        let relay = self.relay.clone();
        let now = relay.clock().now();
        let (ms, held_beyond) = match patience {
            Patience::Usual { ms } => (ms, now),
            Patience::Asked { ms } => (ms, now.plus_ms(ms.into())),
        };
        if ms == 0 {
            return None;
        }
        tokio::select! {
            biased;
            done = tokio::time::timeout(Duration::from_millis(ms.into()), self.told(record.queued)) => done.ok(),
            () = relay.0.drain_status.until_held_beyond(record.request.priority, held_beyond) => None,
        }
    }

    async fn told(&mut self, place: Option<Order>) -> RequestRecord {
        let mut looks = 0u32;
        loop {
            if let Some(record) = self.told_within_a_look().await {
                return record;
            }
            if self.relay.0.drain_status.is_draining() {
                continue;
            }
            looks = looks.wrapping_add(1);
            match self.look(place, looks).await {
                Ok(Some(record)) => return record,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a request that is waited for could not be looked at"),
            }
        }
    }

    /// One small read: in turn what holds the other drain up, and whether the request still has its place in
    /// the backlog. The request itself, which may be large, is read only when it has none.
    async fn look(&self, place: Option<Order>, looks: u32) -> Result<Option<RequestRecord>, StoreError> {
        let store = &self.relay.0.parts.store;
        if looks % 2 == 1 {
            let state = store.drain_state().await?;
            self.relay.0.drain_status.note_hold(state.hold);
            return Ok(None);
        }
        if let Some(order) = place
            && store.is_waiting(self.id, order).await?
        {
            return Ok(None);
        }
        Ok(store.load(self.id).await?.filter(RequestRecord::is_done))
    }

    async fn told_within_a_look(&mut self) -> Option<RequestRecord> {
        let told = self.told.as_mut()?;
        let look = Duration::from_millis(LOOK_MS);
        let told = tokio::time::timeout(look, told.wait_for(Option::is_some)).await.ok()?.ok()?;
        told.as_deref().cloned()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.told.take());
        self.relay.0.waiters.forget(self.id);
    }
}
