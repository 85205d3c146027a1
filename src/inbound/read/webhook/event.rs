//! The sender's own id of an event, and when it was.

use serde_json::Value;

use super::path::Path;
use super::value::first_texts;
use crate::domain::Timestamp;
use crate::inbound::read::contents::EventId;
use crate::inbound::read::unreadable::Unreadable;

/// Milliseconds in an hour.
const MS_PER_HOUR: i64 = 3_600_000;
/// Seconds by which a sender's clock may be ahead of the relay's.
const AHEAD_AT_MOST_S: i64 = 300;

/// The event's id, if each of these paths finds something. The order in which a path finds things does not matter:
/// senders list the same alerts now in one order, now in another.
pub(super) fn find_event_id(paths: &[Path], document: &Value) -> Option<EventId> {
    let mut values = Vec::with_capacity(paths.len());
    for path in paths {
        let mut found: Vec<_> = path.find(document).into_iter().filter_map(shown).collect();
        if found.is_empty() {
            return None;
        }
        found.sort_unstable();
        values.push(found);
    }
    EventId::of(&values)
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
        i64::from(self.within_hours) * MS_PER_HOUR / 1000 + AHEAD_AT_MOST_S
    }

    /// Refuses an event that is too old, is yet to come, or does not say when it was.
    pub(super) fn check(&self, document: &Value, now: Timestamp) -> Result<(), Unreadable> {
        let found = first_texts(&self.from, document);
        let field = self.from.first().map_or("time", Path::as_str).to_owned();
        let time = found.and_then(|(_, texts)| texts.first()?.parse::<jiff::Timestamp>().ok());
        let time = time.map(|time| Timestamp::from_ms(time.as_millisecond())).ok_or_else(|| {
            let problem = "says when the event was, in RFC 3339".to_owned();
            Unreadable::Invalid { field, problem }
        })?;
        let age_ms = now.ms_since(time);
        let oldest_ms = i64::from(self.within_hours) * MS_PER_HOUR;
        if (-AHEAD_AT_MOST_S * 1000..=oldest_ms).contains(&age_ms) {
            return Ok(());
        }
        Err(Unreadable::WrongTime { within_hours: self.within_hours })
    }
}
