//! The metrics. `docs/runbook.md` names the alarms that watch them.

use std::fmt;

/// Where CloudWatch keeps them.
pub const NAMESPACE: &str = "DefenderTagRelay";

/// A metric.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    /// The name, and the name of the log lines' field.
    pub name: &'static str,
    /// The unit of its values.
    pub unit: Unit,
    /// What one value is.
    pub says: &'static str,
}

/// A metric's unit, named as CloudWatch names it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// Milliseconds.
    Milliseconds,
    /// Seconds.
    Seconds,
}

impl fmt::Display for Unit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

const fn metric(name: &'static str, unit: Unit, says: &'static str) -> Metric {
    Metric { name, unit, says }
}

/// Every metric.
pub const METRICS: [Metric; 27] = [
    metric("Accepted", Unit::Count, "requests made durable"),
    metric("AcceptedMachines", Unit::Count, "machines in them"),
    metric("Applied", Unit::Count, "machines that Defender listed"),
    metric("Superseded", Unit::Count, "machines whose change a later request took over"),
    metric("UnknownMachine", Unit::Count, "machines Defender does not know"),
    metric("Rejected", Unit::Count, "machines Defender refuses"),
    metric("Unconfirmed", Unit::Count, "machines Defender twice did not list"),
    metric("Expired", Unit::Count, "machines given up because their time was over"),
    metric("AcceptedToApplied", Unit::Milliseconds, "from a request's acceptance to its machines' outcome"),
    metric("Calls", Unit::Count, "requests sent to Defender, each with a permit of its own"),
    metric("MachinesPerCall", Unit::Count, "machines in one of them"),
    metric("CallMs", Unit::Milliseconds, "how long Defender took"),
    metric("Throttled", Unit::Count, "calls Defender answered 429"),
    metric("DefenderFailures", Unit::Count, "calls without a usable answer"),
    metric("PermissionMissing", Unit::Count, "calls Defender refused for the app's sake: 401 or 403"),
    metric("TokenFailures", Unit::Count, "token requests that failed"),
    metric("PermitsRefused", Unit::Count, "times a drain rested because the budget was spent"),
    metric("ClockRefusals", Unit::Count, "permits refused because of clock skew or ledger version"),
    metric("BacklogRequests", Unit::Count, "requests that wait, seen each minute"),
    metric("OldestRequestAge", Unit::Seconds, "age of the oldest of them, seen each minute"),
    metric(
        "HeldUp",
        Unit::Count,
        "1 if a failure outside keeps everything from being sent, else 0, seen each minute",
    ),
    metric("VerificationFailures", Unit::Count, "requests answered 401"),
    metric("StoreFailures", Unit::Count, "requests answered 503, and drains the table stopped"),
    metric(
        "SecretsFailures",
        Unit::Count,
        "requests answered 503, and sources begun, without a source's keys",
    ),
    metric("UnfitWebhooks", Unit::Count, "webhooks accepted that can never succeed"),
    metric("SetAside", Unit::Count, "entries of the backlog that could not be read"),
    metric("ColdStarts", Unit::Count, "starts of the function's process"),
];

/// The unit of the metric of this name, if it is one.
pub(super) fn unit(name: &str) -> Option<Unit> {
    METRICS.iter().find(|metric| metric.name == name).map(|metric| metric.unit)
}
