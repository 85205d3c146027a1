//! The header fields `RateLimit-Policy` and `RateLimit`: how Defender's budget stands, for verified callers.
//! Source: draft-ietf-httpapi-ratelimit-headers-10.
//!
//! They cost no read: they show the ledger that this process saw last. The relay itself never answers 429.

use axum::body::Body;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use super::super::app::App;
use super::super::context::RequestContext;
use crate::domain::budget::{BudgetReport, Limits, Quota, WindowReport};
use crate::domain::{Priority, Timestamp};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const STATE: HeaderName = HeaderName::from_static("ratelimit");

/// Adds the fields to answers that only the verified get.
pub(in crate::http) async fn show(State(app): State<App>, request: Request<Body>, next: Next) -> Response {
    let path = request.extensions().get::<MatchedPath>();
    let open = path.is_none_or(|path| path.as_str() == "/v1/health");
    let mut response = next.run(request).await;
    if !open && is_for_the_verified(response.status()) && !response.headers().contains_key(POLICY) {
        let asked = response.extensions().get::<RequestContext>().and_then(RequestContext::source);
        let source = asked.and_then(|name| app.sources.find(name));
        if let Some(relay) = source.and_then(|source| app.relays.of(source.tenant.as_ref())) {
            let seen = relay.budget_last_seen();
            add(response.headers_mut(), relay.limits(), seen.as_ref(), app.clock().now());
        }
    }
    response
}

/// Whether an answer comes only after verification.
fn is_for_the_verified(status: StatusCode) -> bool {
    status.is_success()
        || [
            StatusCode::BAD_REQUEST,
            StatusCode::FORBIDDEN,
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            StatusCode::UNPROCESSABLE_ENTITY,
            StatusCode::SERVICE_UNAVAILABLE,
        ]
        .contains(&status)
}

/// Adds the policy, and what is left of it as far as that is known.
pub(in crate::http) fn add(
    headers: &mut HeaderMap,
    limits: Limits,
    report: Option<&BudgetReport>,
    now: Timestamp,
) {
    let mut put = |name, text: String| {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(name, value);
        }
    };
    put(POLICY, policy(limits.of(Priority::Urgent)));
    if let Some(report) = report {
        put(STATE, state(report, now));
    }
}

fn policy(quota: Quota) -> String {
    format!(r#""minute";q={};w=60, "hour";q={};w=3600"#, quota.per_minute, quota.per_hour)
}

/// `r`: calls left. `t`: seconds until there may be more.
fn state(report: &BudgetReport, now: Timestamp) -> String {
    let window = |name, window: WindowReport| {
        let seconds = |at: Timestamp| at.ms_since(now).max(0).unsigned_abs().div_ceil(1000);
        let t = window.falls_at.map(|at| format!(";t={}", seconds(at))).unwrap_or_default();
        format!(r#""{name}";r={}{t}"#, window.remaining())
    };
    format!("{}, {}", window("minute", report.minute), window("hour", report.hour))
}
