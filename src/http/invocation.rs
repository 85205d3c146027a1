//! What surrounds a request: its id and the time it may take. Lambda says both; elsewhere they are made up.

use std::sync::{Arc, OnceLock};

use crate::domain::{SourceName, Timestamp};

/// Milliseconds that a drain started by a request may take where nobody says.
const INVOCATION_MS: i64 = 60_000;

/// What surrounds a request. Clones share who asked.
#[derive(Clone, Debug)]
pub struct Invocation {
    /// The id that answers and log lines carry.
    pub request_id: String,
    /// When the work it starts must be over.
    pub ends_at: Timestamp,
    /// Who asked, once that is verified.
    source: Arc<OnceLock<SourceName>>,
}

impl Invocation {
    /// A request of this id, whose work must be over at `ends_at`.
    pub fn new(request_id: String, ends_at: Timestamp) -> Self {
        Self { request_id, ends_at, source: Arc::default() }
    }

    /// A request that nothing is known of.
    pub fn unknown(now: Timestamp) -> Self {
        Self::new(uuid::Uuid::new_v4().to_string(), now.plus_ms(INVOCATION_MS))
    }

    /// Remembers who asked.
    pub(super) fn asked_by(&self, source: &SourceName) {
        self.source.get_or_init(|| source.clone());
    }

    /// Who asked.
    pub(super) fn source(&self) -> Option<&str> {
        self.source.get().map(SourceName::as_str)
    }
}
