//! The bodies Defender sends: machines as an `OData` collection, and errors with the correlation id in `target`.

use crate::reply::{Payload, Reply};
use crate::switches::{Switches, UnknownListed};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use uuid::Uuid;

pub(crate) fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, json!({"error": {"code": code, "message": message, "target": correlation_id()}}))
}

/// An error of the documented code for that status, or a front door's HTML.
pub(crate) fn status(status: u16, html_errors: bool) -> Reply {
    if html_errors && status >= 500 {
        return Reply::html(status);
    }
    let (code, message) = match status {
        400 => ("BadRequest", "The request is not valid."),
        401 => {
            ("Unauthorized", "Either an authentication header was not provided or the token is not valid.")
        }
        403 => ("Forbidden", "The application does not have any of the required application permissions."),
        404 => ("ResourceNotFound", "Resource not found."),
        429 => ("TooManyRequests", "The allowed number of requests has been exceeded."),
        503 => ("ServiceUnavailable", "The service is unavailable."),
        _ => ("InternalServerError", "An unexpected error occurred. Please try again later."),
    };
    error(status, code, message)
}

pub(crate) fn not_found() -> Reply {
    error(404, "NotFound", "No HTTP resource was found that matches the request.")
}

/// `unknown` holds each id once, in the order of the call.
pub(crate) fn unknown_machines(switches: &Switches, unknown: &[&str]) -> Reply {
    let listed = match switches.unknown_listed {
        UnknownListed::All => unknown.join(","),
        UnknownListed::First => unknown.first().copied().unwrap_or_default().to_owned(),
        UnknownListed::None => {
            return error(switches.unknown_status, &switches.unknown_code, "Some machines do not exist.");
        }
    };
    let message = format!("MachineIds do not exist: {listed}");
    error(switches.unknown_status, &switches.unknown_code, &message)
}

/// A 200 with these machines.
pub(crate) fn machines(values: &[Value]) -> Reply {
    let context = "https://api.security.microsoft.com/api/$metadata#Machines";
    Reply::json(200, json!({"@odata.context": context, "value": values}))
}

/// The machines that an answer lists.
pub(crate) fn listed(reply: &Reply) -> Vec<String> {
    let Payload::Json(body) = &reply.payload else { return Vec::new() };
    let machines = body["value"].as_array().into_iter().flatten();
    machines.filter_map(|machine| machine["id"].as_str().map(str::to_owned)).collect()
}

/// The answer to the call for one machine: the machine itself.
pub(crate) fn of_one(mut reply: Reply) -> Reply {
    if let Payload::Json(body) = &mut reply.payload
        && let Some(machine) = body["value"].get(0).cloned()
    {
        *body = machine;
    }
    reply
}

/// A Machine with the fields of Microsoft's reference; only the id and the tags mean anything here.
pub(crate) fn machine(id: &str, tags: &BTreeSet<String>, last_seen: &str, addresses: usize) -> Value {
    let address = json!({
        "ipAddress": "192.0.2.10", "macAddress": "00155D000A0B", "type": "Ethernet", "operationalStatus": "Up",
    });
    let short = id.get(..8).unwrap_or(id);
    json!({
        "id": id,
        "computerDnsName": format!("machine-{short}.contoso.example"),
        "firstSeen": "2024-01-02T03:04:05.6789Z",
        "lastSeen": last_seen,
        "osPlatform": "Windows11",
        "osVersion": null,
        "osProcessor": "x64",
        "version": "23H2",
        "osBuild": 22631,
        "lastIpAddress": "192.0.2.10",
        "lastExternalIpAddress": "198.51.100.10",
        "healthStatus": "Active",
        "onboardingStatus": "Onboarded",
        "deviceValue": "Normal",
        "rbacGroupId": 140,
        "rbacGroupName": "Workstations",
        "riskScore": "Low",
        "exposureLevel": "Medium",
        "isAadJoined": true,
        "aadDeviceId": null,
        "ipAddresses": vec![address; addresses],
        "machineTags": tags,
    })
}

/// An opaque text; Defender's own may start with `|`, so this one does.
fn correlation_id() -> String {
    format!("|{}.1.", Uuid::new_v4().simple())
}
