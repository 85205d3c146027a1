//! The header `Idempotency-Key`.

use axum::http::HeaderMap;

use super::super::response::{Code, Problem};

/// Characters an idempotency key may have.
const KEY_MAX_CHARS: usize = 255;

/// Reads the header, if it is there.
pub(in crate::http) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let key = value.to_str().unwrap_or_default().trim();
    // Some gateways join a header that came twice with a comma, so none can be in a key.
    let printable = key.bytes().all(|byte| matches!(byte, b' '..=b'~') && byte != b',');
    if values.next().is_none() && printable && (1..=KEY_MAX_CHARS).contains(&key.len()) {
        return Ok(Some(key));
    }
    Err(Problem::new(
        Code::InvalidIdempotencyKey,
        format!(
            "an Idempotency-Key is 1 to {KEY_MAX_CHARS} printable ASCII characters without a comma, sent once"
        ),
    ))
}
