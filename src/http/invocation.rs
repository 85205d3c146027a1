//! What surrounds a request: its id and the time it may take. Lambda says both; elsewhere they are made up.

use crate::domain::Timestamp;

/// Milliseconds that a drain started by a request may take where nobody says.
const INVOCATION_MS: i64 = 60_000;

/// What surrounds a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The id that answers and log lines carry.
    pub request_id: String,
    /// When the work it starts must be over.
    pub ends_at: Timestamp,
}

impl Invocation {
    /// A request that nothing is known of.
    pub fn unknown(now: Timestamp) -> Self {
        Self { request_id: uuid::Uuid::new_v4().to_string(), ends_at: now.plus_ms(INVOCATION_MS) }
    }
}
