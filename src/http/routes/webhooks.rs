//! `/v1/hooks/{source}`: webhooks in their senders' own shapes.
//!
//! Invariant: size, then verification, then reading, then policy, then the ledger of deliveries, then `accept`.
//! Everything a delivery asks for is permitted and durable, or nothing of it is done.

use std::collections::BTreeMap;

use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Extension, Path, State};
use axum::http::{HeaderMap, Request};
use axum::response::Response;
use sha2::{Digest, Sha256};

use super::super::app::App;
use super::super::context::RequestContext;
use super::super::request::{BODY_MAX_BYTES, by_address, idempotency_key, patience, require_json, too_large};
use super::super::response::{Problem, tag_request};
use super::respond::respond;
use crate::inbound::{
    DeliveryKey, Ignored, NotVerified, OnBadPayload, Unverified, Verified, allow_all, read,
};
use crate::relay::Delivery;

/// `POST /v1/hooks/{source}`, with or without a token behind it.
pub(in crate::http) async fn post(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    path: Result<Path<BTreeMap<String, String>>, PathRejection>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let Path(mut path) = path.map_err(|_| NotVerified::UnknownSource)?;
    let unverified = Unverified::new(head.headers.clone(), body).with_path_token(path.remove("token"));
    let name = path.remove("source").unwrap_or_default();
    let verified = by_address(&app, &context, &name, &unverified).await?;
    match receive(&app, &verified, &head.headers, &context).await {
        Err(problem) if problem.is_permanent() => bad_payload(&app, &verified, problem).await,
        answered => answered,
    }
}

/// Accepts what a verified webhook asks for, and answers.
async fn receive(
    app: &App,
    verified: &Verified,
    headers: &HeaderMap,
    context: &RequestContext,
) -> Result<Response, Problem> {
    require_json(headers)?;
    let contents = read(verified, app.machines_per_request, app.clock().now())?;
    if let Some(why) = contents.ignored {
        return Ok(tag_request::ignored(why));
    }
    let relay = app.relay_of(verified.source())?;
    // A header that is not signed tells no deliveries apart, so it is not even looked at.
    let sent_key = if verified.proof().is_signature() { None } else { idempotency_key(headers)? };
    let key = DeliveryKey::of(verified, &contents, sent_key);
    let allowed = allow_all(verified, contents.asked)?;
    if relay.was_taken_long_ago(verified, &key).await? {
        return Ok(tag_request::ignored(Ignored::TakenBefore));
    }
    let accepted = relay.accept(Delivery::webhook(allowed, &key)).await?;
    let patience = patience(headers, verified.source().wait_ms, context.ms());
    Ok(respond(relay, accepted, patience, context).await)
}

/// Refuses a delivery that can never succeed, or accepts it as unfit where its source asks for that.
async fn bad_payload(app: &App, verified: &Verified, problem: Problem) -> Result<Response, Problem> {
    let source = verified.source();
    if source.on_bad_payload == OnBadPayload::Refuse {
        return Err(problem);
    }
    let content = hex::encode(Sha256::digest(verified.body()));
    let relay = app.relay_of(source)?;
    let rejected = relay.keep_rejected(&source.name, &content, (problem.code(), problem.detail())).await?;
    tracing::warn!(
        UnfitWebhooks = 1,
        source = %source.name,
        request = %rejected.id,
        code = problem.code(),
        "an unfit webhook was accepted"
    );
    Ok(tag_request::accepted_rejected(&rejected))
}
