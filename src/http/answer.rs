//! A request and what became of it, as JSON.

use std::collections::BTreeMap;

use axum::Json;
use axum::http::{HeaderName, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::domain::RequestRecord;

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

/// The answer to a request that was sent: 200 when it is done, else 202 with the place to look.
pub(super) fn accepted(record: &RequestRecord) -> Response {
    if record.is_done() {
        return shown(record);
    }
    let location = format!("/v1/tag-requests/{}", record.request.id);
    let place: [(HeaderName, String); 1] = [(header::LOCATION, location)];
    (StatusCode::ACCEPTED, place, shown(record)).into_response()
}

/// The request itself.
pub(super) fn shown(record: &RequestRecord) -> Response {
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
    Json(Shown {
        id: request.id.to_string(),
        status: if record.is_done() { "done" } else { "pending" },
        source: request.source.as_str(),
        value: request.tag.as_str(),
        action: request.action.as_str(),
        received_at: request.received_at.to_string(),
        counts,
        machines: machines.collect(),
    })
    .into_response()
}
