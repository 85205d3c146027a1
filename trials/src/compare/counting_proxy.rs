//! A proxy in front of the table that counts the operations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use lambda_runtime::Error;
use simulator::proxy::{self, OnReply};
use tokio::task::JoinSet;

/// A running proxy. It ends when this is dropped.
pub(super) struct CountingProxy {
    /// The proxy's address.
    pub(super) url: String,
    count: Arc<AtomicUsize>,
    _tasks: JoinSet<()>,
}

impl CountingProxy {
    /// Starts a proxy that forwards to this address.
    pub(super) async fn start(table_url: &str) -> Result<Self, Error> {
        let count = Arc::new(AtomicUsize::new(0));
        let replies = Arc::clone(&count);
        let count_reply: OnReply = Arc::new(move |_| {
            replies.fetch_add(1, Ordering::SeqCst);
        });
        let (url, tasks) = proxy::open(0, table_url, count_reply).await?;
        Ok(Self { url, count, _tasks: tasks })
    }

    /// Operations so far.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}
