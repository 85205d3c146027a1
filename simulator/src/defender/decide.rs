//! What becomes of a call without a fault: the first check that fails answers, and only a call that passes
//! them all changes any machine.

use super::answers;
use super::call::TaggingCall;
use crate::clock::text_of;
use crate::reply::Reply;
use crate::state::State;
use crate::switches::{Listed, Switches};
use serde_json::Value;
use std::collections::BTreeSet;

/// The role the call needs, by Microsoft's reference of the call.
const ROLE: &str = "Machine.ReadWrite.All";

/// The audiences Defender accepts: the commercial one for all its hosts, and one for each government host.
const AUDIENCES: [&str; 3] = [
    "https://api.securitycenter.microsoft.com",
    "https://api-gcc.securitycenter.microsoft.us",
    "https://api-gov.securitycenter.microsoft.us",
];

pub(crate) fn decide(state: &mut State, call: &TaggingCall, now_ms: u64) -> Reply {
    let refusal = access(state, call, now_ms).or_else(|| form(&state.switches, call));
    match refusal.or_else(|| content(&state.switches, call)) {
        Some(refusal) => refusal,
        None => apply(state, call, now_ms),
    }
}

fn access(state: &State, call: &TaggingCall, now_ms: u64) -> Option<Reply> {
    let html = state.switches.html_errors;
    let token = call.token.as_deref().and_then(|token| state.tokens.find(token, now_ms));
    let Some(issued) = token else { return Some(answers::status(401, html)) };
    let audience = AUDIENCES.contains(&issued.audience.as_str());
    let allowed = audience && issued.roles.iter().any(|role| role == ROLE);
    (!allowed || state.switches.forbidden).then(|| answers::status(403, html))
}

fn form(switches: &Switches, call: &TaggingCall) -> Option<Reply> {
    if !call.is_json {
        return Some(answers::error(415, "UnsupportedMediaType", "Content-Type must be application/json."));
    }
    if let Some(refusal) = call.refusal() {
        return Some(refusal);
    }
    let received = call.machine_ids.len();
    let allowed = switches.machines_per_call;
    (received > allowed).then(|| {
        let message = format!("Received: {received}, allowed: {allowed}.");
        answers::error(400, "MaximumBatchSizeExceeded", &message)
    })
}

fn content(switches: &Switches, call: &TaggingCall) -> Option<Reply> {
    let invalid = |message: &str| Some(answers::error(400, "InvalidInput", message));
    let ids = distinct(&call.machine_ids);
    if call.value.trim().is_empty() {
        return invalid("Value must not be empty.");
    }
    if !matches!(call.action.as_str(), "Add" | "Remove") {
        return invalid("Action must be Add or Remove.");
    }
    if ids.is_empty() {
        return invalid("MachineIds must not be empty.");
    }
    if switches.duplicates_refused && ids.len() < call.machine_ids.len() {
        return invalid("MachineIds must not repeat.");
    }
    if ids.iter().any(|id| switches.broken_machines.contains(*id)) {
        return Some(answers::status(500, switches.html_errors));
    }
    if ids.iter().any(|id| switches.refused_machines.contains(*id)) {
        let message = "The operation is not supported on the platform of a machine.";
        return Some(answers::error(400, "OsPlatformNotSupported", message));
    }
    let unknown: Vec<&str> = ids.into_iter().filter(|id| !switches.knows(id)).collect();
    (!unknown.is_empty()).then(|| answers::unknown_machines(switches, &unknown))
}

fn apply(state: &mut State, call: &TaggingCall, now_ms: u64) -> Reply {
    let seen = text_of(now_ms);
    let mut listed: Vec<Value> = Vec::new();
    for id in distinct(&call.machine_ids) {
        let case_matters = state.switches.tag_case_matters;
        let changed = match call.action.as_str() {
            "Add" => state.machines.add(id, &call.value, case_matters),
            _ => state.machines.remove(id, &call.value, case_matters),
        };
        let named = changed || state.switches.listed == Listed::All;
        if named && !state.switches.unlisted.contains(id) {
            listed.push(answers::machine(
                id,
                &state.machines.tags_of(id),
                &seen,
                state.switches.addresses_per_machine,
            ));
        }
    }
    answers::machines(&listed)
}

/// Each id once, in the order of the call.
fn distinct(ids: &[String]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect()
}
