//! The JSON of a body, and where it goes wrong.

use serde_json::Value;

use super::unreadable::Unreadable;

/// Some senders put this before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a body's JSON.
pub(super) fn parse_json(body: &[u8]) -> Result<Value, Unreadable> {
    of_body(body, |text| serde_json::from_str(text).map_err(|error| at_byte(text, &error)))
}

/// Reads a body's text. A byte order mark before it is not part of the JSON, but offsets count it.
pub(super) fn of_body<T>(
    body: &[u8],
    read: impl FnOnce(&str) -> Result<T, Unreadable>,
) -> Result<T, Unreadable> {
    let json = body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body);
    let text = std::str::from_utf8(json).map_err(|error| Unreadable::Malformed {
        offset: error.valid_up_to(),
        problem: "invalid UTF-8".into(),
    });
    text.and_then(read).map_err(|error| match error {
        Unreadable::Malformed { offset, problem } => {
            Unreadable::Malformed { offset: offset + body.len() - json.len(), problem }
        }
        other => other,
    })
}

/// Turns an error of the reader into a message. Text that is not JSON is reported as that, wherever the reader
/// gave up.
pub(super) fn unreadable(text: &str, field: &str, error: &serde_json::Error) -> Unreadable {
    if !error.is_data() {
        return at_byte(text, error);
    }
    if let Err(error) = serde_json::from_str::<Value>(text) {
        return at_byte(text, &error);
    }
    let what = what(error);
    let named = |before: &str| what.strip_prefix(before)?.strip_suffix('`');
    if text.trim_ascii_start().starts_with('[') {
        Unreadable::invalid("the request", "is a JSON object, not a list")
    } else if let Some(field) = named("missing field `") {
        Unreadable::invalid(field, "is missing")
    } else if let Some(field) = named("duplicate field `") {
        Unreadable::invalid(field, "is there twice")
    } else if what.ends_with("expected a sequence") {
        Unreadable::invalid(field, "must be a list of machine ids")
    } else if ["", ".", "?"].contains(&field) {
        Unreadable::invalid("the request", what)
    } else {
        Unreadable::invalid(field, what)
    }
}

/// The error for text that is not JSON, with the byte where that shows.
fn at_byte(text: &str, error: &serde_json::Error) -> Unreadable {
    let offset = if error.is_eof() { text.len() } else { offset(text, error.line(), error.column()) };
    Unreadable::Malformed { offset, problem: what(error) }
}

/// The problem, without its place.
fn what(error: &serde_json::Error) -> String {
    let shown = error.to_string();
    shown.rsplit_once(" at line ").map_or(shown.as_str(), |(what, _)| what).to_owned()
}

/// The byte at a line and column, both counted from one. Column zero is the line break before the line.
fn offset(text: &str, line: usize, column: usize) -> usize {
    let lines_before = text.split_inclusive('\n').take(line.saturating_sub(1));
    (lines_before.map(str::len).sum::<usize>() + column).saturating_sub(1)
}
