//! Requests that come together.
//!
//! Invariant: they are durable in one transaction, all of them or none.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::request_item;
use super::table::{Store, StoreError, unavailable};
use crate::domain::RequestRecord;

/// The code of a part that another part's failure cancelled.
const NOT_AT_FAULT: &str = "None";
/// The code of a part whose item is there already.
const IS_THERE: &str = "ConditionalCheckFailed";

/// What the first write of several requests came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PutAll {
    /// They are durable.
    Created,
    /// There was one of these ids already. Those there are, in the places of the new ones; none of which was written.
    Exist(Vec<Option<RequestRecord>>),
}

impl Store {
    /// Makes requests durable, all of them or none; none if there is one of their ids.
    pub async fn put_all(&self, records: &[RequestRecord]) -> Result<PutAll, StoreError> {
        let puts = records.iter().map(|record| self.new_put(record)).collect::<Result<Vec<_>, _>>()?;
        let sent = self.client.transact_write_items().set_transact_items(Some(puts)).send().await;
        let Err(error) = sent else { return Ok(PutAll::Created) };
        let later = || unavailable(&error);
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        else {
            return Err(later());
        };
        let kept = cancelled
            .cancellation_reasons()
            .iter()
            .map(|reason| there(reason).unwrap_or_else(|| Err(later())));
        let kept = kept.collect::<Result<Vec<_>, _>>()?;
        let whole = kept.len() == records.len() && kept.iter().any(Option::is_some);
        if whole { Ok(PutAll::Exist(kept)) } else { Err(later()) }
    }

    fn new_put(&self, record: &RequestRecord) -> Result<TransactWriteItem, StoreError> {
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(request_item::to_item(self.request_pk(record.request.id), record)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .build()
            .map_err(|error| StoreError::Unavailable(error.to_string()))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }
}

/// The request that was there before this part's; nothing where that is not known.
fn there(reason: &CancellationReason) -> Option<Result<Option<RequestRecord>, StoreError>> {
    match reason.code().unwrap_or(NOT_AT_FAULT) {
        NOT_AT_FAULT => Some(Ok(None)),
        IS_THERE => Some(request_item::from_item(reason.item()?).map(Some)),
        _ => None,
    }
}
