//! What surrounds a request: its id and the time it may take. Lambda gives both. Elsewhere they are made up.

use std::sync::{Arc, OnceLock};

use crate::clock::Stopwatch;
use crate::domain::{RequestRecord, SourceName, Timestamp};

/// Milliseconds that a drain started by a request may take outside Lambda.
const INVOCATION_MS: i64 = 60_000;

/// What surrounds a request. Clones share the source that asked.
#[derive(Clone, Debug)]
pub struct RequestContext {
    /// The id that answers and log lines carry.
    pub request_id: String,
    /// When the work it starts must be over.
    pub ends_at: Timestamp,
    /// How long it has lasted.
    lasting: Stopwatch,
    /// The source that asked, once it is verified.
    source: Arc<OnceLock<SourceName>>,
    /// The requests that it led to, once they are answered.
    led_to: Arc<OnceLock<LedTo>>,
}

/// The requests that an HTTP request led to, for its log line.
#[derive(Debug)]
pub(super) struct LedTo {
    /// Their ids.
    pub(super) requests: String,
    /// Machines in them.
    pub(super) machines: usize,
    /// Those of them without an outcome.
    pub(super) pending: usize,
}

impl RequestContext {
    /// A request of this id, whose work must be over at `ends_at`.
    pub fn new(request_id: String, ends_at: Timestamp) -> Self {
        let lasting = Stopwatch::start();
        Self { request_id, ends_at, lasting, source: Arc::default(), led_to: Arc::default() }
    }

    /// The same, begun when this was.
    #[must_use]
    pub fn begun(self, lasting: Stopwatch) -> Self {
        Self { lasting, ..self }
    }

    /// Milliseconds it has lasted.
    pub(super) fn ms(&self) -> u32 {
        self.lasting.ms()
    }

    /// A request that nothing is known of.
    pub fn unknown(now: Timestamp) -> Self {
        Self::new(uuid::Uuid::new_v4().to_string(), now.plus_ms(INVOCATION_MS))
    }

    /// Remembers the source that asked.
    pub(super) fn asked_by(&self, source: &SourceName) {
        self.source.get_or_init(|| source.clone());
    }

    /// Remembers the requests that it led to.
    pub(super) fn led_to(&self, records: &[RequestRecord]) {
        self.led_to.get_or_init(|| {
            let ids: Vec<_> = records.iter().map(|record| record.request.id.to_string()).collect();
            let outcomes = || records.iter().flat_map(|record| &record.outcomes);
            let pending = outcomes().filter(|outcome| !outcome.is_final()).count();
            LedTo { requests: ids.join(" "), machines: outcomes().count(), pending }
        });
    }

    /// The requests that it led to.
    pub(super) fn requests(&self) -> Option<&LedTo> {
        self.led_to.get()
    }

    /// The name of the source that asked.
    pub(super) fn source(&self) -> Option<&str> {
        self.source.get().map(SourceName::as_str)
    }
}
