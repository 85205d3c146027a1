//! Deliveries of webhooks that were taken, so that a repeated one is recognized.
//!
//! Invariant: only deliveries that a source's key has signed are remembered, so nobody else can fill the table.

use aws_sdk_dynamodb::types::ReturnValuesOnConditionCheckFailure;

use super::conditional::{Conditional, conditional};
use super::item::{EXPIRES_AT, PK, SK, get_number, number, text};
use super::table::{Store, StoreError};
use crate::domain::{RequestId, Timestamp};

/// Seconds a delivery without any time of its own is remembered: over a year, by the end of which its source's
/// secret should have been changed.
const REMEMBERED_S: i64 = 400 * 24 * 3600;

impl Store {
    /// Remembers a delivery, unless it is remembered already, and returns when it came first.
    pub async fn remember(&self, id: RequestId, now: Timestamp) -> Result<Timestamp, StoreError> {
        let item = [
            (PK, text(self.request_pk(id))),
            (SK, text(format!("delivery#{id}"))),
            ("firstAt", number(now.ms())),
            (EXPIRES_AT, number(now.second() + REMEMBERED_S)),
        ];
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(item.map(|(name, value)| (name.to_owned(), value)).into()))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional(put.send().await)? {
            Conditional::Done(_) => Ok(now),
            Conditional::Refused(None) => Err(StoreError::Malformed("a delivery without an item".into())),
            Conditional::Refused(Some(item)) => get_number(&item, "firstAt").map(Timestamp::from_ms),
        }
    }
}
