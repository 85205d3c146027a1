//! A request's body: its size and its type.

use axum::http::{HeaderMap, header};

use super::super::response::{Code, Problem};

/// Bytes a body may have: 10,000 machines and room to spare.
pub(in crate::http) const BODY_MAX_BYTES: usize = 1024 * 1024;

/// Refuses a body that is not declared as JSON.
pub(in crate::http) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let kind = value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/json" || (kind.starts_with("application/") && kind.ends_with("+json")) {
        return Ok(());
    }
    Err(Problem::new(
        Code::UnsupportedMediaType,
        "send JSON with the header `Content-Type: application/json`",
    ))
}

/// The problem of a body with too many bytes.
pub(in crate::http) fn too_large() -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!("a body has at most {BODY_MAX_BYTES} bytes; send several requests"),
    )
}
