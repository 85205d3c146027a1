//! What became of a conditional write.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::error::ConditionalCheckFailedException;

use super::item::Item;
use super::table::{StoreError, unavailable};

/// What became of a conditional write that DynamoDB answered.
pub(super) enum Conditional<Done, Stands = Item> {
    /// It was carried out.
    Done(Done),
    /// Its condition did not hold. The item that stands, if there is one and the write asks for it.
    Refused(Option<Stands>),
}

/// The errors of writes that may have a condition.
pub(super) trait ConditionalError: ProvideErrorMetadata {
    /// The error, if it says that the condition did not hold.
    fn condition_failure(&self) -> Option<&ConditionalCheckFailedException>;
}

impl ConditionalError for PutItemError {
    fn condition_failure(&self) -> Option<&ConditionalCheckFailedException> {
        match self {
            Self::ConditionalCheckFailedException(failure) => Some(failure),
            _ => None,
        }
    }
}

impl ConditionalError for UpdateItemError {
    fn condition_failure(&self) -> Option<&ConditionalCheckFailedException> {
        match self {
            Self::ConditionalCheckFailedException(failure) => Some(failure),
            _ => None,
        }
    }
}

/// Tells a refused condition from a table that cannot be used.
pub(super) fn conditional<Done, E: ConditionalError, R>(
    sent: Result<Done, SdkError<E, R>>,
) -> Result<Conditional<Done>, StoreError> {
    match sent {
        Ok(done) => Ok(Conditional::Done(done)),
        Err(error) => match error.as_service_error().and_then(E::condition_failure) {
            Some(failure) => Ok(Conditional::Refused(failure.item.clone())),
            None => Err(unavailable(&error)),
        },
    }
}
