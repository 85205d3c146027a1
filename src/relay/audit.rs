//! The audit trail: which source asked for which tag on which machine, and what became of it. Each machine is named in
//! one line when its request is durable, and in another when its outcome is durable.
//!
//! Invariant: a line is written after the write that it reports. A process that dies between the two leaves the line out,
//! and the table has the outcome as long as it keeps the request.

use std::collections::BTreeMap;

use crate::domain::{MachineId, RequestRecord, TenantName, Timestamp};

/// Machines one line names: about 20 kilobytes. `CloudWatch` takes lines of up to a megabyte.
const MACHINES_PER_LINE: usize = 500;

/// A request is durable.
pub(super) fn accepted(tenant: &TenantName, record: &RequestRecord) {
    let request = &record.request;
    let all = request.machines.len();
    let each = request.machines.iter().zip(&record.outcomes);
    let pending: Vec<MachineId> =
        each.filter(|(_, outcome)| !outcome.is_final()).map(|(machine, _)| *machine).collect();
    for (place, machines) in pending.chunks(MACHINES_PER_LINE).enumerate() {
        tracing::info!(
            Accepted = u64::from(place == 0),
            AcceptedMachines = machines.len(),
            %tenant,
            request = %request.id,
            source = %request.source,
            tag = request.tag.as_str(),
            action = request.action.as_str(),
            priority = request.priority.as_str(),
            machines = all,
            machine_ids = names(machines),
            "accepted"
        );
    }
}

/// The outcomes of these machines, by their places, are durable.
pub(super) fn ended(tenant: &TenantName, record: &RequestRecord, places: &[usize], now: Timestamp) {
    let mut by_outcome: BTreeMap<(&str, Option<&str>), Vec<MachineId>> = BTreeMap::new();
    let machines = &record.request.machines;
    let outcomes = &record.outcomes;
    let of = |place: &usize| Some((*machines.get(*place)?, outcomes.get(*place)?));
    for (machine, outcome) in places.iter().filter_map(of) {
        by_outcome.entry((outcome.name(), outcome.detail())).or_default().push(machine);
    }
    for ((outcome, detail), machines) in by_outcome {
        for machines in machines.chunks(MACHINES_PER_LINE) {
            line((tenant, record), outcome, detail, machines, now);
        }
    }
}

fn line(
    (tenant, record): (&TenantName, &RequestRecord),
    outcome: &str,
    detail: Option<&str>,
    machines: &[MachineId],
    now: Timestamp,
) {
    let counts = |name: &str| (outcome == name).then_some(machines.len());
    let request = &record.request;
    let took_ms = now.ms_since(record.queued_at);
    tracing::info!(
        Applied = counts("applied"),
        Superseded = counts("superseded"),
        UnknownMachine = counts("unknown_machine"),
        Rejected = counts("rejected"),
        Unconfirmed = counts("unconfirmed"),
        Expired = counts("expired"),
        AcceptedToApplied = (outcome == "applied").then_some(took_ms),
        %tenant,
        request = %request.id,
        source = %request.source,
        tag = request.tag.as_str(),
        action = request.action.as_str(),
        outcome,
        detail,
        machines = machines.len(),
        machine_ids = names(machines),
        took_ms,
        "outcome"
    );
}

fn names(machines: &[MachineId]) -> String {
    machines.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
