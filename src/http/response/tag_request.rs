//! A request and what became of it, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::json;

use crate::domain::{RequestId, RequestRecord};
use crate::inbound::Ignored;
use crate::store::RejectedWebhook;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RequestBody<'a> {
    id: String,
    status: &'static str,
    source: &'a str,
    value: &'a str,
    action: &'static str,
    received_at: String,
    counts: BTreeMap<&'static str, usize>,
    machines: Vec<MachineBody<'a>>,
}

#[derive(Serialize)]
struct MachineBody<'a> {
    id: String,
    outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<&'a str>,
}

#[derive(Serialize)]
struct SeveralBody<'a> {
    status: &'static str,
    requests: Vec<RequestBody<'a>>,
}

/// The answer to what was accepted: 200 when all requests are done, else 202 with the place to look at the first that is
/// not. A single request is shown itself, several in a list.
pub(in crate::http) fn accepted(records: &[RequestRecord]) -> Response {
    let pending = records.iter().find(|record| !record.is_done());
    let answer = match records {
        [record] => shown(record),
        several => {
            let status = if pending.is_some() { "pending" } else { "done" };
            Json(SeveralBody { status, requests: several.iter().map(body).collect() }).into_response()
        }
    };
    match pending {
        None => answer,
        Some(record) => accepted_at(record.request.id, answer),
    }
}

/// 202, with the place to look.
fn accepted_at(id: RequestId, answer: Response) -> Response {
    let location = format!("/v1/tag-requests/{id}");
    (StatusCode::ACCEPTED, [(header::LOCATION, location)], answer).into_response()
}

/// The answer to an event that asks for nothing.
pub(in crate::http) fn ignored(why: Ignored) -> Response {
    Json(json!({ "status": "ignored", "reason": why.to_string(), "machines": [] })).into_response()
}

/// The answer to a webhook that can never succeed and is accepted all the same, because its source asks for that.
pub(in crate::http) fn accepted_rejected(webhook: &RejectedWebhook) -> Response {
    accepted_at(webhook.id, rejected(webhook))
}

/// A webhook that can never succeed: done, with no machine, and why.
pub(in crate::http) fn rejected(webhook: &RejectedWebhook) -> Response {
    Json(json!({
        "id": webhook.id.to_string(),
        "status": "done",
        "source": webhook.source.as_str(),
        "receivedAt": webhook.received_at.to_string(),
        "counts": {},
        "machines": [],
        "problem": { "code": webhook.code, "detail": webhook.detail },
    }))
    .into_response()
}

/// The request itself.
pub(in crate::http) fn shown(record: &RequestRecord) -> Response {
    Json(body(record)).into_response()
}

fn body(record: &RequestRecord) -> RequestBody<'_> {
    let request = &record.request;
    let mut counts = BTreeMap::new();
    for outcome in &record.outcomes {
        *counts.entry(outcome.name()).or_default() += 1;
    }
    let machines = request.machines.iter().zip(&record.outcomes).map(|(machine, outcome)| MachineBody {
        id: machine.to_string(),
        outcome: outcome.name(),
        detail: outcome.detail(),
    });
    RequestBody {
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
