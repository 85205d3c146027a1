//! Waiting for a request to be done.
//!
//! Invariant: a drain of the same process brings the outcome without any read. A drain of another process is noticed by
//! reading, at most every [`READ_EVERY_MS`] milliseconds.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::parts::Inner;
use super::waiters::Finished;
use crate::domain::{Order, RequestId, RequestRecord};
use crate::store::StoreError;

/// Milliseconds between two reads of a request that another process drains.
const READ_EVERY_MS: u64 = 250;

/// How long a caller waits for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// So many milliseconds, but not while the drain is held up or batches gather: then the caller is better served by
    /// an answer at once.
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

/// A place among the callers that wait for a request.
#[derive(Debug)]
pub struct Waiting {
    inner: Arc<Inner>,
    id: RequestId,
    finished: Option<watch::Receiver<Finished>>,
}

impl Waiting {
    /// Begins to wait for a request, before it can be in the backlog.
    pub(super) fn begin(inner: &Arc<Inner>, id: RequestId) -> Self {
        Self { inner: Arc::clone(inner), id, finished: Some(inner.waiters.register(id)) }
    }

    /// The request when it is done, or nothing when the patience is over. `record` is the request as it waits now.
    pub async fn done(mut self, record: &RequestRecord, patience: Patience) -> Option<RequestRecord> {
        let inner = Arc::clone(&self.inner);
        let now = inner.parts.clock.now();
        let (ms, held_beyond) = match patience {
            Patience::Usual { ms } => (ms, now),
            Patience::Asked { ms } => (ms, now.plus_ms(ms.into())),
        };
        if ms == 0 {
            return None;
        }
        let class = record.request.priority;
        tokio::select! {
            biased;
            done = tokio::time::timeout(Duration::from_millis(ms.into()), self.finished(record.queued)) => done.ok(),
            () = inner.drain_status.until_held_beyond(class, held_beyond) => None,
        }
    }

    async fn finished(&mut self, place: Option<Order>) -> RequestRecord {
        let mut reads = 0u32;
        loop {
            if let Some(record) = self.finished_before_a_read().await {
                return record;
            }
            if self.inner.drain_status.is_draining() {
                continue;
            }
            reads = reads.wrapping_add(1);
            match self.read(place, reads).await {
                Ok(Some(record)) => return record,
                Ok(None) => {}
                Err(error) => tracing::warn!(%error, "a request that is waited for could not be looked at"),
            }
        }
    }

    /// One small read: in turn what holds the other drain up, and whether the request still has its place in the
    /// backlog. The request itself, which may be large, is read only when it has none.
    async fn read(&self, place: Option<Order>, reads: u32) -> Result<Option<RequestRecord>, StoreError> {
        let store = &self.inner.parts.store;
        if reads % 2 == 1 {
            let state = store.drain_state().await?;
            self.inner.drain_status.note_hold(state.hold);
            return Ok(None);
        }
        if let Some(order) = place
            && store.is_waiting(self.id, order).await?
        {
            return Ok(None);
        }
        Ok(store.load(self.id).await?.filter(RequestRecord::is_done))
    }

    async fn finished_before_a_read(&mut self) -> Option<RequestRecord> {
        let finished = self.finished.as_mut()?;
        let time = Duration::from_millis(READ_EVERY_MS);
        let finished = tokio::time::timeout(time, finished.wait_for(Option::is_some)).await.ok()?.ok()?;
        finished.as_deref().cloned()
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        drop(self.finished.take());
        self.inner.waiters.forget(self.id);
    }
}
