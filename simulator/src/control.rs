//! The simulator's own routes under `/_sim`, for a caller that runs it as a server of its own.

use crate::state::SharedSite;
use crate::{Arrival, Fault, Switches, TokenFault, arrivals};
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a refused control request answers with: the reason as text.
type Refused = (StatusCode, String);

pub(crate) fn routes() -> Router<SharedSite> {
    Router::new()
        .route("/_sim/switches", get(switches).put(set_switches).patch(change_switches))
        .route("/_sim/faults", post(add_faults))
        .route("/_sim/arrivals", get(arrivals))
        .route("/_sim/machines", get(machines))
        .route("/_sim/windows", get(windows))
        .route("/_sim/expire-tokens", post(expire_tokens))
        .route("/_sim/reset", post(reset))
}

async fn switches(State(site): State<SharedSite>) -> Json<Switches> {
    Json(site.state().switches.clone())
}

/// What the body leaves out returns to its default.
async fn set_switches(State(site): State<SharedSite>, Json(wanted): Json<Switches>) -> Json<Switches> {
    site.state().switches = wanted.clone();
    Json(wanted)
}

/// What the body leaves out stays as it is.
async fn change_switches(
    State(site): State<SharedSite>,
    Json(changes): Json<Map<String, Value>>,
) -> Result<Json<Switches>, Refused> {
    let refused = |error: serde_json::Error| (StatusCode::UNPROCESSABLE_ENTITY, format!("{error}\n"));
    let mut state = site.state();
    let mut fields: Map<String, Value> =
        serde_json::to_value(&state.switches).and_then(serde_json::from_value).map_err(refused)?;
    fields.extend(changes);
    state.switches = serde_json::from_value(Value::Object(fields)).map_err(refused)?;
    Ok(Json(state.switches.clone()))
}

/// Faults to queue; both lists may be left out.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct FaultsBody {
    calls: Vec<Fault>,
    tokens: Vec<TokenFault>,
}

/// How many faults wait.
#[derive(Debug, Serialize)]
struct WaitingFaults {
    calls: usize,
    tokens: usize,
}

async fn add_faults(State(site): State<SharedSite>, Json(faults): Json<FaultsBody>) -> Json<WaitingFaults> {
    let mut state = site.state();
    state.faults.extend(faults.calls);
    state.token_faults.extend(faults.tokens);
    Json(WaitingFaults { calls: state.faults.len(), tokens: state.token_faults.len() })
}

async fn arrivals(State(site): State<SharedSite>) -> Json<Vec<Arrival>> {
    Json(site.state().arrivals.clone())
}

async fn machines(State(site): State<SharedSite>) -> Json<BTreeMap<String, BTreeSet<String>>> {
    Json(site.state().machines.all().clone())
}

/// The most arrivals in any window of each documented length.
#[derive(Debug, Serialize)]
struct Tally {
    most_in_60_s: usize,
    most_in_3600_s: usize,
    arrivals: usize,
    token_requests: usize,
}

async fn windows(State(site): State<SharedSite>) -> Json<Tally> {
    let state = site.state();
    Json(Tally {
        most_in_60_s: arrivals::most_in_window(&state.arrivals, 60_000),
        most_in_3600_s: arrivals::most_in_window(&state.arrivals, 3_600_000),
        arrivals: state.arrivals.len(),
        token_requests: state.token_requests,
    })
}

async fn expire_tokens(State(site): State<SharedSite>) -> StatusCode {
    site.state().tokens.expire();
    StatusCode::NO_CONTENT
}

async fn reset(State(site): State<SharedSite>) -> StatusCode {
    site.state().reset();
    StatusCode::NO_CONTENT
}
