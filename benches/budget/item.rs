//! What the two other limiters write and read.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

pub type LimiterItem = HashMap<String, AttributeValue>;

pub fn text(value: impl Into<String>) -> AttributeValue {
    AttributeValue::S(value.into())
}

pub fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

pub fn get(item: &LimiterItem, name: &str) -> Option<i64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}
