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
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::tag_requests::{BODY_MAX_BYTES, idempotency_key, require_json, too_large};
use super::verified::by_address;
use super::{App, Problem, RequestContext, answer, prefer};
use crate::inbound::{
    Allowed, DeliveryKey, Ignored, NotVerified, OnBadPayload, Unverified, Verified, allow_all, read,
};
use crate::relay::{AcceptError, Accepted, Patience, Relay};

/// `POST /v1/hooks/{source}`, with or without a token behind it.
pub(super) async fn post(
    State(app): State<App>,
    Extension(invocation): Extension<RequestContext>,
    path: Result<Path<BTreeMap<String, String>>, PathRejection>,
    request: Request<Body>,
) -> Result<Response, Problem> {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX_BYTES).await.map_err(|_| too_large())?;
    let Path(mut path) = path.map_err(|_| NotVerified::UnknownSource)?;
    let unverified = Unverified::new(head.headers.clone(), body).with_path_token(path.remove("token"));
    let name = path.remove("source").unwrap_or_default();
    let verified = by_address(&app, &invocation, &name, &unverified).await?;
    match taken(&app, &verified, &head.headers, &invocation).await {
        Err(problem) if problem.is_permanent() => bad_payload(&app, &verified, problem).await,
        answered => answered,
    }
}

async fn taken(
    app: &App,
    verified: &Verified,
    headers: &HeaderMap,
    invocation: &RequestContext,
) -> Result<Response, Problem> {
    require_json(headers)?;
    let mut read = read(verified, app.machines_per_request, app.clock().now())?;
    if let Some(why) = read.ignored {
        return Ok(answer::ignored(why));
    }
    let relay = app.relay_of(verified.source())?;
    // A header that is not signed tells no deliveries apart, so it is not even looked at.
    let sent_key = if verified.proof().is_signature() { None } else { idempotency_key(headers)? };
    let delivery = DeliveryKey::of(verified, &read, sent_key);
    let allowed = allow_all(verified, std::mem::take(&mut read.asked))?;
    if relay.was_taken_long_ago(verified, &delivery).await? {
        return Ok(answer::ignored(Ignored::TakenBefore));
    }
    let accepted = accept(relay, allowed, &delivery).await?;
    let patience = prefer::patience(headers, verified.source().wait_ms, invocation.ms());
    Ok(respond(relay, accepted, patience, invocation).await)
}

async fn accept(
    relay: &Relay,
    allowed: Vec<Allowed>,
    delivery: &DeliveryKey,
) -> Result<Vec<Accepted>, AcceptError> {
    match <[Allowed; 1]>::try_from(allowed) {
        Ok([only]) => Ok(vec![relay.accept(only, delivery.key(0).as_deref()).await?]),
        Err(several) => {
            let keyed = several.into_iter().enumerate().map(|(place, one)| (one, delivery.key(place)));
            relay.accept_all(keyed.collect()).await
        }
    }
}

/// Answers when all of a delivery's requests are done, or when the time to wait is up.
async fn respond(
    relay: &Relay,
    accepted: Vec<Accepted>,
    patience: Patience,
    invocation: &RequestContext,
) -> Response {
    let open = accepted.iter().filter(|accepted| !accepted.record.is_done());
    if let Some(priority) = open.map(|accepted| accepted.record.request.priority).min() {
        relay.start_drain(priority, invocation.ends_at);
    }
    let ends = accepted.into_iter().map(async |Accepted { record, waiting }| {
        if record.is_done() {
            return record;
        }
        waiting.done(&record, patience).await.unwrap_or(record)
    });
    let records = join_all(ends).await;
    invocation.led_to(&records);
    answer::accepted_all(&records)
}

/// Refuses a delivery that can never succeed, or accepts it as unfit where its source asks for that.
async fn bad_payload(app: &App, verified: &Verified, problem: Problem) -> Result<Response, Problem> {
    let source = verified.source();
    if source.on_bad_payload == OnBadPayload::Refuse {
        return Err(problem);
    }
    let content = hex::encode(Sha256::digest(verified.body()));
    let relay = app.relay_of(source)?;
    let unfit = relay.keep_unfit(&source.name, &content, (problem.code(), problem.detail())).await?;
    tracing::warn!(
        UnfitWebhooks = 1,
        source = %source.name,
        request = %unfit.id,
        code = problem.code(),
        "an unfit webhook was accepted"
    );
    Ok(answer::accepted_unfit(&unfit))
}
