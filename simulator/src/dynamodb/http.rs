//! The engine over HTTP, as an SDK meets it.
//!
//! Invariant: a client reaches the engine only with the run's own address, because the address holds a key that is made at
//! the start. An SDK sends to any address that it is given, so the key needs no setting of its own.

use super::direct::Direct;
use crate::clock::Clock;
use crate::own_machine::own_machine_only;
use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{CONTENT_TYPE, DATE};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// Bytes of a request at most. Source: DynamoDB takes 16 MB in a batch.
const BODY_MAX_BYTES: usize = 16 * 1024 * 1024;
/// What stands before an operation's name in its header.
const TARGET_PREFIX: &str = "DynamoDB_20120810.";
const AMZ_JSON: &str = "application/x-amz-json-1.0";

#[derive(Clone)]
struct Served {
    engine: Direct,
    /// Whose time replies carry; the system's without it.
    clock: Option<Clock>,
}

/// Answers under `/{key}`, and refuses everything else.
pub(super) fn router(engine: Direct, key: &str, clock: Option<Clock>) -> Router {
    Router::new()
        .route(&format!("/{key}"), post(answer))
        .route(&format!("/{key}/"), post(answer))
        .fallback(async || (StatusCode::FORBIDDEN, "the address lacks the key of this run\n"))
        .layer(DefaultBodyLimit::max(BODY_MAX_BYTES))
        .layer(from_fn(own_machine_only))
        .with_state(Served { engine, clock })
}

async fn answer(State(served): State<Served>, headers: HeaderMap, body: String) -> Response {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok()).unwrap_or_default();
    let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or(target);
    let answer = served.engine.answer(operation, &body);
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, [(CONTENT_TYPE, AMZ_JSON)], answer.body).into_response();
    if let Some(date) = served.clock.and_then(|clock| date(clock())) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn date(ms: u64) -> Option<HeaderValue> {
    let moment = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        assert_eq!(date(784_111_777_900).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
