//! Microsoft Defender for Endpoint's bulk tagging call.
//!
//! Every request that reaches the route is logged on receipt and counted `count_delay_ms` later, before anything
//! about it is judged: what a client sends costs it, whether it is right or wrong.

mod answers;
mod call;
mod decide;
mod faults;
mod pending_call;

use crate::clock::sleep_ms;
use crate::reply::Reply;
use crate::state::SharedSite;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use call::TaggingCall;
use pending_call::PendingCall;

pub(crate) fn routes() -> Router<SharedSite> {
    let path = "/api/machines/AddOrRemoveTagForMultipleMachines";
    // A body too large for the framework would be refused before it is logged.
    Router::new()
        .route(path, post(tag).layer(DefaultBodyLimit::disable()))
        .route("/api/machines/{id}/tags", post(tag_one))
}

pub(crate) async fn unknown_route() -> Response {
    answers::not_found().into_response()
}

/// A task of its own: a client that hangs up does not undo what it has sent.
async fn tag(State(site): State<SharedSite>, headers: HeaderMap, body: Bytes) -> Response {
    let handled = tokio::spawn(async move { handle(&site, &TaggingCall::read(&headers, &body)).await });
    handled.await.unwrap_or_else(|_| Reply::cut()).into_response()
}

/// The call for one machine. The relay never makes it; others do, and it counts the same here.
/// Source: Microsoft, "Add or remove a tag for a machine".
async fn tag_one(
    State(site): State<SharedSite>,
    Path(id): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let call = TaggingCall::read_one(&headers, &body, id);
    let handled = tokio::spawn(async move { answers::of_one(handle(&site, &call).await) });
    handled.await.unwrap_or_else(|_| Reply::cut()).into_response()
}

async fn handle(site: &SharedSite, call: &TaggingCall) -> Reply {
    let pending_call = PendingCall::take(site, call);
    sleep_ms(pending_call.wait_ms).await;
    let reply = pending_call.settle(site, call);
    sleep_ms(reply.delay_ms).await;
    reply
}
