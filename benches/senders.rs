//! What it costs to verify and read a webhook with 200 rows: `cargo bench --bench senders`.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    missing_docs,
    reason = "a measurement, not a part of the relay"
)]

use std::time::{Duration, Instant};

use bytes::Bytes;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::inbound::{Sources, Unverified, Verified, read};
use http::{HeaderMap, HeaderName};
use local::{sign, sources};
use serde_json::{Value, json};
use trials::percentile;

const ROWS: usize = 200;
const ROUNDS: usize = 2000;
const NOW_S: i64 = 1_800_000_000;
/// What verifying and reading may cost.
const MAX: Duration = Duration::from_millis(1);

fn id(row: usize) -> String {
    format!("{row:08x}{:032x}", row.wrapping_mul(0x9e37_79b9))
}

fn row(row: usize) -> Value {
    json!({
        "_count": "1", "_timeslice": "1795515291000", "DeviceId": id(row), "host": format!("pc-{row:04}.corp.example"),
        "user": "CORP\\alice", "src_ip": "10.0.3.7", "process": "C:\\Windows\\System32\\rundll32.exe",
        "command_line": "rundll32.exe comsvcs.dll, MiniDump 624 C:\\temp\\lsass.dmp full", "severity": "high",
    })
}

fn alert(number: usize) -> Value {
    json!({
        "status": "firing", "startsAt": "2026-11-24T10:15:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "fingerprint": format!("{number:016x}"), "annotations": { "summary": "lateral movement" },
        "labels": { "alertname": "EdrLateralMovement", "machine_id": id(number), "defender_tag": "contain-lab" },
        "generatorURL": "https://prometheus.example.com/graph?g0.expr=edr",
    })
}

fn bodies() -> Vec<(&'static str, Value)> {
    let rows: Vec<_> = (0..ROWS).map(row).collect();
    let alerts: Vec<_> = (0..ROWS).map(alert).collect();
    let hits: Vec<_> = rows.iter().map(|row| json!({ "_source": row })).collect();
    let ids: Vec<_> = (0..ROWS).map(id).collect();
    let alertmanager = json!({ "groupKey": "g", "status": "firing", "alerts": alerts });
    vec![
        (
            "sumo-logic",
            json!({ "alert_id": "1", "trigger": "Critical", "results": Value::from(rows).to_string() }),
        ),
        ("alertmanager", alertmanager.clone()),
        ("grafana", alertmanager),
        ("elastic", json!({ "event_id": "1", "tag": "watch-1", "hits": hits })),
        ("tines", json!({ "Value": "contain-1", "Action": "Add", "MachineIds": ids })),
    ]
}

/// The median time of verifying and reading this body as this source's.
fn median(configuration: &Value, sources: &Sources, name: &str, body: &str) -> Duration {
    let now = Timestamp::from_second(NOW_S);
    let signed = sign::sign(sources::find(configuration, name).unwrap(), body.as_bytes(), now).unwrap();
    let mut headers = HeaderMap::new();
    for (name, value) in signed.headers {
        headers.insert(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
    }
    let unverified =
        Unverified::new(headers, Bytes::copy_from_slice(body.as_bytes())).with_path_token(signed.path_token);
    let source = sources.find(name).unwrap();
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        let began = Instant::now();
        let verified = Verified::by_scheme(&unverified, source, now).unwrap();
        let asked = read(&verified, 10_000, now).unwrap().asked;
        times.push(began.elapsed());
        assert_eq!(asked[0].machines.len(), ROWS);
    }
    times.sort_unstable();
    percentile(&times, 50)
}

fn main() {
    let configuration = sources::fresh();
    let sources = Sources::parse(&configuration.to_string()).unwrap();
    let mut slow = false;
    for (name, body) in bodies() {
        let body = body.to_string();
        let took = median(&configuration, &sources, name, &body);
        slow |= took > MAX;
        println!(
            "{name}: {ROWS} rows, {} bytes: verified and read in {took:?} (median of {ROUNDS})",
            body.len()
        );
    }
    assert!(!slow, "a webhook of {ROWS} rows took more than {MAX:?}");
}
