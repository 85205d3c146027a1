//! `GET /v1/budget`: what is left, what waits and why.

use axum::Json;
use axum::extract::{Extension, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use serde::Serialize;

use super::super::app::App;
use super::super::context::RequestContext;
use super::super::request::by_bearer;
use super::super::response::{Problem, rate_limit};
use crate::domain::Timestamp;
use crate::domain::budget::WindowReport;
use crate::inbound::Unverified;
use crate::relay::Report;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BudgetBody {
    minute: Window,
    hour: Window,
    paused_until: Option<String>,
    next_permit_at: String,
    backlog: BacklogBody,
    held_up: Option<HeldUp>,
}

#[derive(Serialize)]
struct Window {
    limit: u32,
    used: u32,
    remaining: u32,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct BacklogBody {
    requests: usize,
    oldest_received_at: Option<String>,
    oldest_age_seconds: Option<i64>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct HeldUp {
    reason: String,
    until: String,
    routine_only: bool,
}

/// Any source may look.
pub(in crate::http) async fn get(
    State(app): State<App>,
    Extension(context): Extension<RequestContext>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let verified = by_bearer(&app, &context, &Unverified::new(headers, Bytes::new())).await?;
    let relay = app.relay_of(verified.source())?;
    let report = relay.report().await?;
    let now = app.clock().now();
    let mut answer = Json(body(&report, now)).into_response();
    rate_limit::add(answer.headers_mut(), relay.limits(), Some(&report.budget), now);
    Ok(answer)
}

fn body(report: &Report, now: Timestamp) -> BudgetBody {
    let window =
        |seen: WindowReport| Window { limit: seen.limit, used: seen.used, remaining: seen.remaining() };
    let oldest = report.backlog.oldest;
    BudgetBody {
        minute: window(report.budget.minute),
        hour: window(report.budget.hour),
        paused_until: report.budget.paused_until.map(|until| until.to_string()),
        next_permit_at: report.budget.next_permit_at.to_string(),
        backlog: BacklogBody {
            requests: report.backlog.requests,
            oldest_received_at: oldest.map(|at| at.to_string()),
            oldest_age_seconds: report.oldest_age_s(now),
        },
        held_up: report.held_up(now).map(|hold| HeldUp {
            reason: hold.reason.to_string(),
            until: hold.until.to_string(),
            routine_only: hold.routine_only,
        }),
    }
}
