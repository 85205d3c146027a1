//! The first write of requests.
//!
//! Invariant: it is one write, so requests that come together are durable together: all of them or none.

use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    CancellationReason, Put, ReturnValuesOnConditionCheckFailure, TransactWriteItem,
};

use super::conditional::{Conditional, conditional};
use super::request_item;
use super::table::{Store, StoreError, unavailable};
use crate::domain::RequestRecord;

/// The code of a part that another part's failure cancelled.
const NOT_AT_FAULT: &str = "None";
/// The code of a part whose item is there already.
const IS_THERE: &str = "ConditionalCheckFailed";

/// What became of the first write of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Created {
    /// All of them are durable.
    All,
    /// One of their ids was there already, so nothing was written. The requests that are there, in the places of the new
    /// ones.
    Exist(Vec<Option<RequestRecord>>),
}

impl Store {
    /// Makes requests durable: all of them, or none if one of their ids is there already. One request is a put; several
    /// are a transaction, which costs twice as much.
    pub async fn create(&self, records: &[RequestRecord]) -> Result<Created, StoreError> {
        match records {
            [record] => self.put(record).await,
            several => self.put_together(several).await,
        }
    }

    async fn put(&self, record: &RequestRecord) -> Result<Created, StoreError> {
        let put = self
            .client
            .put_item()
            .table_name(&self.table)
            .set_item(Some(request_item::to_item(self.request_pk(record.request.id), record)))
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        match conditional(put.send().await)? {
            Conditional::Done(_) => Ok(Created::All),
            Conditional::Refused(Some(item)) => {
                request_item::from_item(&item).map(|record| Created::Exist(vec![Some(record)]))
            }
            Conditional::Refused(None) => Err(StoreError::Malformed("a request without an item".into())),
        }
    }

    async fn put_together(&self, records: &[RequestRecord]) -> Result<Created, StoreError> {
        let puts = records.iter().map(|record| self.part(record)).collect::<Result<Vec<_>, _>>()?;
        let sent = self.client.transact_write_items().set_transact_items(Some(puts)).send().await;
        let Err(error) = sent else { return Ok(Created::All) };
        let not_now = || unavailable(&error);
        let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error()
        else {
            return Err(not_now());
        };
        let reasons = cancelled.cancellation_reasons().iter();
        let kept = reasons.map(|reason| existing(reason).unwrap_or_else(|| Err(not_now())));
        let kept = kept.collect::<Result<Vec<_>, _>>()?;
        let is_whole = kept.len() == records.len() && kept.iter().any(Option::is_some);
        if is_whole { Ok(Created::Exist(kept)) } else { Err(not_now()) }
    }

    fn part(&self, record: &RequestRecord) -> Result<TransactWriteItem, StoreError> {
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

/// The request that is there in the place of this part's, or nothing where the reason does not say.
fn existing(reason: &CancellationReason) -> Option<Result<Option<RequestRecord>, StoreError>> {
    match reason.code().unwrap_or(NOT_AT_FAULT) {
        NOT_AT_FAULT => Some(Ok(None)),
        IS_THERE => Some(request_item::from_item(reason.item()?).map(Some)),
        _ => None,
    }
}
