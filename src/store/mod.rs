//! DynamoDB: the one table that holds the order, the backlog, the lease and the budget of a tenant.
//!
//! Invariant: a request is one item, so each step of its life is one conditional write: it is whole or it is
//! not there. Requests that come together are begun in one transaction. It stands in the backlog exactly as long as it has the attribute `queued`, which puts it into
//! the table's local secondary index. That index is read consistently, as a global one could not be.

mod backlog;
mod budget;
mod delivery;
mod drain;
mod item;
mod record;
mod requests;
mod sentinel;
mod together;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::domain::request::FINISHED_KEPT_DAYS;
use sentinel::ClockCheck;

pub use backlog::{Backlog, BacklogPage, DeadEntry};
pub use budget::PermitOutcome;
pub use delivery::RejectedWebhook;
pub use drain::{DrainState, LEASE_MS, Lease, LeaseId, Places};
pub use requests::{Put, Save};
pub use together::PutAll;

/// Seconds in a day.
const S_PER_DAY: i64 = 24 * 3600;

/// One tenant's part of the table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    tenant: String,
    /// Seconds a finished request can still be looked up.
    finished_kept_s: i64,
    sentinel: ClockCheck,
}

/// The table cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not do it, or nobody knows whether it did. Try again later.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// An item is not as the relay writes it. An operator must look at it.
    #[error("an item of the table cannot be read: {0}")]
    Malformed(String),
}

impl Store {
    /// A tenant's part of a table. Every reply is compared with the clock.
    pub fn new(client: &Client, table: impl Into<String>, tenant: impl Into<String>, clock: Clock) -> Self {
        let sentinel = ClockCheck::new(clock);
        let watched = client.config().to_builder().interceptor(sentinel.clone()).build();
        let client = Client::from_conf(watched);
        // Entra takes a tenant's id in any case; one spelled in two ways must have one budget.
        let tenant = tenant.into().to_ascii_lowercase();
        Self { client, table: table.into(), tenant, finished_kept_s: 0, sentinel }
            .keeping_finished(FINISHED_KEPT_DAYS)
    }

    /// Why this machine's clock is not to be trusted, if the table's replies contradict it.
    pub fn clock_objection(&self) -> Option<String> {
        self.sentinel.objection()
    }

    /// The time by the table's clock, where its last reply showed that this machine's is off.
    pub fn corrected(&self, now: Timestamp) -> Timestamp {
        self.sentinel.corrected(now)
    }

    /// The same, with finished requests kept for so many days.
    #[must_use]
    pub fn keeping_finished(self, days: u32) -> Self {
        Self { finished_kept_s: i64::from(days) * S_PER_DAY, ..self }
    }
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    StoreError::Unavailable(crate::aws::describe(error))
}
