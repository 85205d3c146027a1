//! The table of one tenant, and why it cannot be used.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};

use super::clock_check::ClockCheck;
use crate::clock::Clock;
use crate::domain::Timestamp;
use crate::domain::request::FINISHED_KEPT_DAYS;

/// Seconds in a day.
const S_PER_DAY: i64 = 24 * 3600;

/// One tenant's part of the table. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    pub(super) client: Client,
    pub(super) table: String,
    pub(super) tenant: String,
    /// Seconds a finished request can still be looked up.
    pub(super) finished_kept_s: i64,
    pub(super) clock_check: ClockCheck,
}

/// The table cannot be used.
#[derive(Clone, Debug, thiserror::Error)]
pub enum StoreError {
    /// DynamoDB did not carry the operation out, or it is not known whether it did. Try again later.
    #[error("the table did not answer: {0}")]
    Unavailable(String),
    /// An item is not as the relay writes it. An operator must look at it.
    #[error("an item of the table cannot be read: {0}")]
    Malformed(String),
}

impl Store {
    /// A tenant's part of a table. Every reply is compared with the clock.
    pub fn new(client: &Client, table: impl Into<String>, tenant: impl Into<String>, clock: Clock) -> Self {
        let clock_check = ClockCheck::new(clock);
        let watched = client.config().to_builder().interceptor(clock_check.clone()).build();
        let client = Client::from_conf(watched);
        // Entra takes a tenant's id in any case; one spelled in two ways must have one budget.
        let tenant = tenant.into().to_ascii_lowercase();
        Self { client, table: table.into(), tenant, finished_kept_s: 0, clock_check }
            .keeping_finished(FINISHED_KEPT_DAYS)
    }

    /// Why this machine's clock is not to be trusted, if the table's replies contradict it.
    pub fn clock_objection(&self) -> Option<String> {
        self.clock_check.objection()
    }

    /// The time by the table's clock, where its last reply showed that this machine's is off.
    pub fn corrected(&self, now: Timestamp) -> Timestamp {
        self.clock_check.corrected(now)
    }

    /// The same, with finished requests kept for so many days.
    #[must_use]
    pub fn keeping_finished(self, days: u32) -> Self {
        Self { finished_kept_s: i64::from(days) * S_PER_DAY, ..self }
    }

    /// Seconds a finished request can still be looked up.
    pub const fn finished_kept_s(&self) -> i64 {
        self.finished_kept_s
    }
}

/// The error of an operation that DynamoDB did not carry out, or may not have carried out.
pub(super) fn unavailable<E, R>(error: &SdkError<E, R>) -> StoreError
where
    E: ProvideErrorMetadata,
{
    StoreError::Unavailable(crate::aws::describe(error))
}
