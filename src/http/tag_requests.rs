//! `/v1/tag-requests`: sending a native request, looking at one, sending its failed machines again.
//!
//! Invariant: size, then verification, then reading, then policy. Nothing unverified is read beyond its size.

use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Request, header};
use axum::response::Response;
use bytes::Bytes;

use super::verified::by_bearer;
use super::{App, Code, Problem, RequestContext, answer, prefer};
use crate::domain::{RequestId, RequestRecord};
use crate::inbound::{Change, Unverified, Verified, allow, read_native};
use crate::relay::{Accepted, Patience, Relay};

/// Bytes a body may have: 10,000 machines and room to spare.
pub(super) const BODY_MAX_BYTES: usize = 1024 * 1024;
/// Characters an idempotency key may have.
const KEY_MAX_CHARS: usize = 255;

/// `POST /v1/tag-requests`
pub(super) async fn post(
    State(app): State<App>,
    Extension(invocation): Extension<RequestContext>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let verified = by_bearer(&app, &invocation, &Unverified::new(head.headers.clone(), body)).await?;
    require_json(&head.headers)?;
    let key = idempotency_key(&head.headers)?;
    let asked = read_native(verified.body(), app.machines_per_request)?;
    let relay = app.relay_of(verified.source())?;
    let accepted = relay.accept(allow(&verified, asked)?, key).await?;
    let patience = prefer::patience(&head.headers, app.respond_within_ms, invocation.ms());
    Ok(respond(relay, accepted, patience, &invocation).await)
}

/// Answers when the request is done, or when the caller's patience is at its end.
async fn respond(
    relay: &Relay,
    accepted: Accepted,
    patience: Patience,
    invocation: &RequestContext,
) -> Response {
    let Accepted { record, waiting } = accepted;
    let record = if record.is_done() {
        record
    } else {
        relay.start_drain(record.request.priority, invocation.ends_at);
        waiting.done(&record, patience).await.unwrap_or(record)
    };
    invocation.led_to(std::slice::from_ref(&record));
    answer::accepted(&record)
}

/// `GET /v1/tag-requests/{id}`
pub(super) async fn get(
    State(app): State<App>,
    Extension(invocation): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let verified = by_bearer(&app, &invocation, &Unverified::new(headers, Bytes::new())).await?;
    let (id, source) = (read_id(id)?, &verified.source().name);
    let relay = app.relay_of(verified.source())?;
    let own = relay.request(id).await?.filter(|record| record.request.source == *source);
    if let Some(record) = own {
        return Ok(answer::shown(&record));
    }
    let unfit = relay.unfit(id).await?.filter(|unfit| unfit.source == *source);
    unfit.map(|unfit| answer::unfit(&unfit)).ok_or_else(no_such_request)
}

/// `POST /v1/tag-requests/{id}/retry`: what the source's policy permits is its policy now, not then.
pub(super) async fn retry(
    State(app): State<App>,
    Extension(invocation): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let verified = by_bearer(&app, &invocation, &Unverified::new(headers.clone(), Bytes::new())).await?;
    let relay = app.relay_of(verified.source())?;
    let record = own_request(relay, &verified, read_id(id)?).await?;
    let request = &record.request;
    let (tag, action, priority) = (request.tag.clone(), request.action, Some(request.priority));
    let allowed = allow(&verified, Change { tag, action, machines: record.failed(), priority })?;
    let accepted = relay.retry(record, &allowed).await?;
    let patience = prefer::patience(&headers, app.respond_within_ms, invocation.ms());
    Ok(respond(relay, accepted, patience, &invocation).await)
}

async fn own_request(relay: &Relay, verified: &Verified, id: RequestId) -> Result<RequestRecord, Problem> {
    let record = relay.request(id).await?;
    record.filter(|record| record.request.source == verified.source().name).ok_or_else(no_such_request)
}

fn read_id(id: Result<Path<String>, PathRejection>) -> Result<RequestId, Problem> {
    let id = id.map_err(|_| no_such_request())?;
    RequestId::parse(&id).map_err(|_| no_such_request())
}

pub(super) fn require_json(headers: &HeaderMap) -> Result<(), Problem> {
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

pub(super) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
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

pub(super) fn too_large() -> Problem {
    Problem::new(
        Code::BodyTooLarge,
        format!("a body has at most {BODY_MAX_BYTES} bytes; send several requests"),
    )
}

fn no_such_request() -> Problem {
    Problem::new(Code::NotFound, "there is no such request of this source")
}
