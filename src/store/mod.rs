//! DynamoDB: the one table that holds the order, the backlog, the lease and the budget of a tenant.
//!
//! Invariant: a request is one item, so each step of its life is one conditional write: it is whole or it is
//! not there. It stands in the backlog exactly as long as it has the attribute `queued`, which puts it into
//! the table's local secondary index. That index is read consistently, as a global one could not be.

mod backlog;
mod budget;
mod drain;
mod item;
mod record;

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{DisplayErrorContext, SdkError};

pub use backlog::{Backlog, Put, Save};
pub use budget::Taken;
pub use drain::{DrainState, Hold, Lease, LeaseId};

/// Milliseconds for one attempt of one operation.
const ATTEMPT_MS: u64 = 1_500;
/// Milliseconds for an operation with its retries: a sender must be told in time.
const OPERATION_MS: u64 = 3_500;
/// Milliseconds to connect.
const CONNECT_MS: u64 = 1_000;

/// One tenant's part of the table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    client: Client,
    table: String,
    tenant: String,
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
    /// A tenant's part of a table.
    pub fn new(client: Client, table: impl Into<String>, tenant: impl Into<String>) -> Self {
        Self { client, table: table.into(), tenant: tenant.into() }
    }
}

/// The time-outs of every operation on the table.
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_millis(CONNECT_MS))
        .operation_attempt_timeout(Duration::from_millis(ATTEMPT_MS))
        .operation_timeout(Duration::from_millis(OPERATION_MS))
        .build()
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: std::error::Error + 'static,
    R: std::fmt::Debug,
{
    StoreError::Unavailable(DisplayErrorContext(error).to_string())
}
