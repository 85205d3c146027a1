//! What becomes of a call without a fault: the first check that fails answers, and only a call that passes
//! them all changes any machine.

use super::answers;
use super::call::Call;
use crate::clock::text_of;
use crate::reply::Reply;
use crate::switches::{Listed, Switches};
use crate::world::World;
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

pub(crate) fn judge(world: &mut World, call: &Call, now_ms: u64) -> Reply {
    let refusal = access(world, call, now_ms).or_else(|| form(&world.switches, call));
    match refusal.or_else(|| content(&world.switches, call)) {
        Some(refusal) => refusal,
        None => apply(world, call, now_ms),
    }
}

fn access(world: &World, call: &Call, now_ms: u64) -> Option<Reply> {
    let html = world.switches.html_errors;
    let token = call.token.as_deref().and_then(|token| world.tokens.find(token, now_ms));
    let Some(issued) = token else { return Some(answers::status(401, html)) };
    let audience = AUDIENCES.contains(&issued.audience.as_str());
    let allowed = audience && issued.roles.iter().any(|role| role == ROLE);
    (!allowed || world.switches.forbidden).then(|| answers::status(403, html))
}

fn form(switches: &Switches, call: &Call) -> Option<Reply> {
    if !call.is_json {
        return Some(answers::error(415, "UnsupportedMediaType", "Content-Type must be application/json."));
    }
    if let Some(refusal) = call.refusal() {
        return Some(refusal);
    }
    let (received, allowed) = (call.machine_ids.len(), switches.machines_per_call);
    (received > allowed).then(|| {
        let message = format!("Received: {received}, allowed: {allowed}.");
        answers::error(400, "MaximumBatchSizeExceeded", &message)
    })
}

fn content(switches: &Switches, call: &Call) -> Option<Reply> {
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

fn apply(world: &mut World, call: &Call, now_ms: u64) -> Reply {
    let seen = text_of(now_ms);
    let mut listed: Vec<Value> = Vec::new();
    for id in distinct(&call.machine_ids) {
        let case_matters = world.switches.tag_case_matters;
        let changed = match call.action.as_str() {
            "Add" => world.machines.add(id, &call.value, case_matters),
            _ => world.machines.remove(id, &call.value, case_matters),
        };
        let named = changed || world.switches.listed == Listed::All;
        if named && !world.switches.unlisted.contains(id) {
            listed.push(answers::machine(id, &world.machines.tags_of(id), &seen));
        }
    }
    answers::machines(&listed)
}

/// Each id once, in the order of the call.
fn distinct(ids: &[String]) -> Vec<&str> {
    let mut seen = BTreeSet::new();
    ids.iter().map(String::as_str).filter(|id| seen.insert(*id)).collect()
}
