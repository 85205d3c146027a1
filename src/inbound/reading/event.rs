//! The sender's own id of an event, and when it was.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::super::native::Unreadable;
use super::super::path::Path;
use super::super::scheme::SIGNED_TIME_WITHIN_S;
use crate::domain::Timestamp;

/// Milliseconds in an hour.
const MS_PER_HOUR: i64 = 3_600_000;

/// The sender's own id of an event: a digest of the values that tell it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inbound) struct EventId(String);

impl EventId {
    /// The id's text.
    pub(in crate::inbound) fn as_str(&self) -> &str {
        &self.0
    }

    /// The id, if each of these paths finds something. The order in which a path finds things does not matter:
    /// senders list the same alerts now in one order, now in another.
    pub(super) fn find(paths: &[Path], document: &Value) -> Option<Self> {
        let mut values = Vec::with_capacity(paths.len());
        for path in paths {
            let mut found: Vec<_> = path.find(document).into_iter().filter_map(shown).collect();
            if found.is_empty() {
                return None;
            }
            found.sort_unstable();
            values.push(found);
        }
        let text = serde_json::to_vec(&values).ok().filter(|_| !values.is_empty())?;
        Some(Self(hex::encode(Sha256::digest(text))))
    }
}

fn shown(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

/// When an event was, and for how long it may be taken.
#[derive(Debug)]
pub(super) struct EventTime {
    pub(super) from: Vec<Path>,
    pub(super) within_hours: u32,
}

impl EventTime {
    /// Seconds within which an event is taken.
    pub(super) fn fresh_for_s(&self) -> i64 {
        i64::from(self.within_hours) * MS_PER_HOUR / 1000 + SIGNED_TIME_WITHIN_S
    }

    /// Refuses an event that is too old, is yet to come, or does not say when it was.
    pub(super) fn check(&self, document: &Value, now: Timestamp) -> Result<(), Unreadable> {
        let found = super::value::first_texts(&self.from, document);
        let field = self.from.first().map_or("time", Path::as_str).to_owned();
        let time = found.and_then(|(_, texts)| texts.first()?.parse::<jiff::Timestamp>().ok());
        let time = time.map(|time| Timestamp::from_ms(time.as_millisecond())).ok_or_else(|| {
            let problem = "says when the event was, in RFC 3339".to_owned();
            Unreadable::Invalid { field, problem }
        })?;
        let age_ms = now.ms_since(time);
        let oldest_ms = i64::from(self.within_hours) * MS_PER_HOUR;
        if (-SIGNED_TIME_WITHIN_S * 1000..=oldest_ms).contains(&age_ms) {
            return Ok(());
        }
        Err(Unreadable::WrongTime { within_hours: self.within_hours })
    }
}
