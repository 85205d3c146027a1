//! Attributes of items: their names, and reading and writing their values.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;

use super::table::StoreError;

/// The partition key.
pub(super) const PK: &str = "pk";
/// The sort key.
pub(super) const SK: &str = "sk";
/// A request's place in the backlog; the sort key of the index [`BACKLOG`].
pub(super) const QUEUED: &str = "queued";
/// When it took that place, in milliseconds since the Unix epoch.
pub(super) const QUEUED_AT: &str = "queuedAt";
/// The local secondary index of the requests that wait.
pub(super) const BACKLOG: &str = "backlog";
/// When DynamoDB may delete the item, in seconds since the Unix epoch.
pub(super) const EXPIRES_AT: &str = "expiresAt";

/// An item by attribute name.
pub(super) type Item = HashMap<String, AttributeValue>;

/// A text.
pub(super) fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

/// A whole number.
pub(super) fn number(value: impl std::fmt::Display) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Bytes.
pub(super) fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The error for an attribute that is missing or not as the relay writes it.
pub(super) fn malformed(name: &str) -> StoreError {
    StoreError::Malformed(format!("attribute `{name}`"))
}

/// The text of an attribute.
pub(super) fn get_text<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    item.get(name).and_then(|value| value.as_s().ok()).map(String::as_str).ok_or_else(|| malformed(name))
}

/// The whole number of an attribute, if it is there.
pub(super) fn find_number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<Option<T>, StoreError> {
    let Some(value) = item.get(name) else { return Ok(None) };
    let digits = value.as_n().map_err(|_| malformed(name))?;
    digits.parse().map(Some).map_err(|_| malformed(name))
}

/// The whole number of an attribute.
pub(super) fn get_number<T: std::str::FromStr>(item: &Item, name: &str) -> Result<T, StoreError> {
    find_number(item, name)?.ok_or_else(|| malformed(name))
}

/// The bytes of an attribute.
pub(super) fn get_bytes<'a>(item: &'a Item, name: &str) -> Result<&'a [u8], StoreError> {
    item.get(name).and_then(|value| value.as_b().ok()).map(Blob::as_ref).ok_or_else(|| malformed(name))
}
