//! The answer to what was accepted.

use axum::response::Response;
use futures_util::future::join_all;

use super::super::context::RequestContext;
use super::super::response::tag_request;
use crate::relay::{Accepted, Patience, Relay};

/// Starts a drain if something is to be done, and answers when all requests are done or the caller's patience is over.
pub(super) async fn respond(
    relay: &Relay,
    accepted: Vec<Accepted>,
    patience: Patience,
    context: &RequestContext,
) -> Response {
    let open = accepted.iter().filter(|accepted| !accepted.record.is_done());
    if let Some(class) = open.map(|accepted| accepted.record.request.priority).min() {
        relay.start_drain(class, context.ends_at);
    }
    let ends = accepted.into_iter().map(async |Accepted { record, waiting }| {
        if record.is_done() {
            return record;
        }
        waiting.done(&record, patience).await.unwrap_or(record)
    });
    let records = join_all(ends).await;
    context.led_to(&records);
    tag_request::accepted(&records)
}
