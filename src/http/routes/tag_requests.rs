//! `/v1/tag-requests`: sending a native request, looking at one, sending its failed machines again.
//!
//! Invariant: size, then verification, then reading, then policy. Nothing unverified is read beyond its size.

use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use bytes::Bytes;

use super::super::app::App;
use super::super::context::RequestContext;
use super::super::request::{BODY_MAX_BYTES, by_bearer, idempotency_key, patience, require_json, too_large};
use super::super::response::{Code, Problem, tag_request};
use super::respond::respond;
use crate::domain::{RequestId, RequestRecord};
use crate::inbound::{Change, Unverified, Verified, allow, read_native};
use crate::relay::{Delivery, Relay};

/// `POST /v1/tag-requests`
pub(in crate::http) async fn post(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let verified = by_bearer(&app, &context, &Unverified::new(head.headers.clone(), body)).await?;
    require_json(&head.headers)?;
    let key = idempotency_key(&head.headers)?;
    let asked = read_native(verified.body(), app.machines_per_request)?;
    let relay = app.relay_of(verified.source())?;
    let delivery = Delivery::native(allow(&verified, asked)?, key);
    let accepted = relay.accept(delivery).await?;
    let patience = patience(&head.headers, app.respond_within_ms, context.ms());
    Ok(respond(relay, accepted, patience, &context).await)
}

/// `GET /v1/tag-requests/{id}`
pub(in crate::http) async fn get(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let verified = by_bearer(&app, &context, &Unverified::new(headers, Bytes::new())).await?;
    let id = read_id(id)?;
    let source = &verified.source().name;
    let relay = app.relay_of(verified.source())?;
    let own = relay.request(id).await?.filter(|record| record.request.source == *source);
    if let Some(record) = own {
        return Ok(tag_request::shown(&record));
    }
    let rejected = relay.rejected(id).await?.filter(|rejected| rejected.source == *source);
    rejected.map(|rejected| tag_request::rejected(&rejected)).ok_or_else(no_such_request)
}

/// `POST /v1/tag-requests/{id}/retry`: what the source's policy permits is its policy now, not then.
pub(in crate::http) async fn retry(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    id: Result<Path<String>, PathRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let verified = by_bearer(&app, &context, &Unverified::new(headers.clone(), Bytes::new())).await?;
    let relay = app.relay_of(verified.source())?;
    let record = own_request(relay, &verified, read_id(id)?).await?;
    let request = &record.request;
    let tag = request.tag.clone();
    let action = request.action;
    let priority = Some(request.priority);
    let allowed = allow(&verified, Change { tag, action, machines: record.failed(), priority })?;
    let accepted = vec![relay.retry(record, &allowed).await?];
    let patience = patience(&headers, app.respond_within_ms, context.ms());
    Ok(respond(relay, accepted, patience, &context).await)
}

async fn own_request(relay: &Relay, verified: &Verified, id: RequestId) -> Result<RequestRecord, Problem> {
    let record = relay.request(id).await?;
    record.filter(|record| record.request.source == verified.source().name).ok_or_else(no_such_request)
}

fn read_id(id: Result<Path<String>, PathRejection>) -> Result<RequestId, Problem> {
    let id = id.map_err(|_| no_such_request())?;
    RequestId::parse(&id).map_err(|_| no_such_request())
}

fn no_such_request() -> Problem {
    Problem::new(Code::NotFound, "there is no such request of this source")
}
