//! The callers of this process that wait for a request.
//!
//! Invariant: a caller that registered before the request was durable gets its outcome from a drain of the same process
//! without any read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::domain::{RequestId, RequestRecord};

/// The finished request, once there is one.
pub(super) type Finished = Option<Arc<RequestRecord>>;

/// Which requests are waited for.
#[derive(Debug, Default)]
pub(super) struct Waiters(Mutex<HashMap<RequestId, watch::Sender<Finished>>>);

impl Waiters {
    /// Begins to wait for a request.
    pub(super) fn register(&self, id: RequestId) -> watch::Receiver<Finished> {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.entry(id).or_insert_with(|| watch::channel(None).0).subscribe()
    }

    /// Forgets a request that no caller waits for any more.
    pub(super) fn forget(&self, id: RequestId) {
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&id).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&id);
        }
    }

    /// Gives a finished request to the callers that wait for it.
    pub(super) fn finish(&self, record: &RequestRecord) {
        let waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(&record.request.id) {
            sender.send_replace(Some(Arc::new(record.clone())));
        }
    }
}
