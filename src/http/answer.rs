//! A request and what became of it, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::domain::RequestRecord;
use crate::inbound::Ignored;
use crate::store::RejectedWebhook;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown<'a> {
    id: String,
    status: &'static str,
    source: &'a str,
    value: &'a str,
    action: &'static str,
    received_at: String,
    counts: BTreeMap<&'static str, usize>,
    machines: Vec<Machine<'a>>,
}

#[derive(Serialize)]
struct Machine<'a> {
    id: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct Several<'a> {
    status: &'static str,
    requests: Vec<Shown<'a>>,
}

/// The answer to a request that was sent: 200 when it is done, else 202 with the place to look.
pub(super) fn accepted(record: &RequestRecord) -> Response {
    if record.is_done() {
        return shown(record);
    }
    let location = format!("/v1/tag-requests/{}", record.request.id);
    let place: [(HeaderName, String); 1] = [(header::LOCATION, location)];
    (StatusCode::ACCEPTED, place, shown(record)).into_response()
}

/// The same for a delivery that came to several requests: 200 when all are done.
pub(super) fn accepted_all(records: &[RequestRecord]) -> Response {
    if let [record] = records {
        return accepted(record);
    }
    let waits = records.iter().find(|record| !record.is_done());
    let status = if waits.is_some() { "pending" } else { "done" };
    let requests: Vec<_> = records.iter().map(body).collect();
    let answer = Json(Several { status, requests });
    let Some(waits) = waits else { return answer.into_response() };
    let location = format!("/v1/tag-requests/{}", waits.request.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], answer).into_response()
}

/// The answer to an event that asks for nothing.
pub(super) fn ignored(why: Ignored) -> Response {
    Json(json!({ "status": "ignored", "reason": why.to_string(), "machines": [] })).into_response()
}

/// The answer to a delivery that can never succeed and was set unfit.
pub(super) fn accepted_unfit(delivery: &RejectedWebhook) -> Response {
    let location = format!("/v1/tag-requests/{}", delivery.id);
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], unfit(delivery)).into_response()
}

/// A delivery that can never succeed: done, with no machine, and why.
pub(super) fn unfit(unfit: &RejectedWebhook) -> Response {
    Json(json!({
        "id": unfit.id.to_string(),
        "status": "done",
        "source": unfit.source.as_str(),
        "receivedAt": unfit.received_at.to_string(),
        "counts": {},
        "machines": [],
        "problem": { "code": unfit.code, "detail": unfit.detail },
    }))
    .into_response()
}

/// The request itself.
pub(super) fn shown(record: &RequestRecord) -> Response {
    Json(body(record)).into_response()
}

fn body(record: &RequestRecord) -> Shown<'_> {
    let request = &record.request;
    let mut counts = BTreeMap::new();
    for outcome in &record.outcomes {
        *counts.entry(outcome.name()).or_default() += 1;
    }
    let machines = request.machines.iter().zip(&record.outcomes).map(|(machine, outcome)| Machine {
        id: machine.to_string(),
        outcome: outcome.name(),
        detail: outcome.detail(),
    });
    Shown {
        id: request.id.to_string(),
        status: if record.is_done() { "done" } else { "pending" },
        source: request.source.as_str(),
        value: request.tag.as_str(),
        action: request.action.as_str(),
        received_at: request.received_at.to_string(),
        counts,
        machines: machines.collect(),
    }
}
