//! The `curl` that calls a source as its sender would, for a shell. It reads the source's key from the configuration, so
//! that no screen and no log shows it.

use std::path::Path;

use serde_json::Value;

/// The relay that `cargo local --serve` starts.
const RELAY: &str = "http://127.0.0.1:8080";
/// A machine that the simulator has.
const MACHINE: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";

/// What a scheme adds to a call.
#[derive(Default)]
struct Proof {
    /// What is computed before the call.
    before: Vec<String>,
    /// What follows the source's name in the path.
    path: &'static str,
    /// Options of `curl`.
    options: Vec<String>,
}

/// The lines of a shell that call this source. The body is in the file `body.json`.
pub fn curl(source: &Value, file: &Path) -> Vec<String> {
    let name = source["name"].as_str().unwrap_or_default();
    let proof = prove(&source["verify"]);
    let mut lines = vec![format!(
        r#"KEY=$(jq -r '.sources[] | select(.name == "{name}").verify.secrets[0]' '{}')"#,
        file.display()
    )];
    if source.get("read").is_none() {
        lines.push(format!("printf '%s' '{}' > body.json", native(&source["allow"])));
    }
    lines.extend(proof.before);
    let mut call = vec![format!(r#"curl -s "{RELAY}{}""#, route(source, proof.path))];
    call.extend(proof.options);
    call.push("-H 'Content-Type: application/json'".into());
    call.push("--data-binary @body.json".into());
    lines.push(call.join(" \\\n    "));
    lines
}

/// The path that a source calls: with a bearer key and native requests, the one for these.
pub fn route(source: &Value, token: &str) -> String {
    if source.get("read").is_none() && source["verify"]["scheme"] == "bearer" {
        return "/v1/tag-requests".into();
    }
    format!("/v1/hooks/{}{token}", source["name"].as_str().unwrap_or_default())
}

/// A native request that this policy allows.
fn native(allow: &Value) -> Value {
    let first = |name: &str| allow[name][0].as_str().unwrap_or_default();
    let tag = first("tags").replace('*', "test");
    serde_json::json!({ "Value": tag, "Action": first("actions"), "MachineIds": [MACHINE] })
}

fn prove(verify: &Value) -> Proof {
    let text = |name: &str| verify[name].as_str().unwrap_or_default();
    let option = |option: &str| Proof { options: vec![option.into()], ..Proof::default() };
    match text("scheme") {
        "bearer" => option(r#"-H "Authorization: Bearer $KEY""#),
        "basic" => option(r#"-u "$KEY""#),
        "header" => option(&format!(r#"-H "{}: $KEY""#, text("header"))),
        "path_token" => Proof { path: "/$KEY", ..Proof::default() },
        "github" => signed("X-Hub-Signature-256", "sha256=", "hex", None),
        "pagerduty" => signed("X-PagerDuty-Signature", "v1=", "hex", None),
        "splunk_observability" => signed("X-SFX-Signature", "", "base64", None),
        "grafana" => {
            let time = verify["timestamp_header"].as_str().map(|header| (header, ":"));
            signed("X-Grafana-Alerting-Signature", "", "hex", time)
        }
        "standard_webhooks" => standard_webhooks(),
        _ => {
            let between = text("signed").strip_prefix("timestamp").and_then(|rest| rest.strip_suffix("body"));
            let time = verify["timestamp_header"].as_str().zip(between);
            signed(text("header"), text("prefix"), verify["encoding"].as_str().unwrap_or("hex"), time)
        }
    }
}

/// An HMAC of the body, after the time and what stands between the two if there is a time.
fn signed(header: &str, prefix: &str, encoding: &str, time: Option<(&str, &str)>) -> Proof {
    let mut before = Vec::new();
    let mut options = vec![format!(r#"-H "{header}: {prefix}$SIGNATURE""#)];
    let mut content = "cat body.json".to_owned();
    if let Some((header, between)) = time {
        before.push("TIME=$(date +%s)".into());
        options.push(format!(r#"-H "{header}: $TIME""#));
        content = format!(r#"{{ printf '%s' "$TIME{between}"; cat body.json; }}"#);
    }
    before.push(format!("SIGNATURE=$({content} | {})", hmac(r#"-hmac "$KEY""#, encoding)));
    Proof { before, options, path: "" }
}

/// Source: standardwebhooks.com, specification, "Signature scheme".
fn standard_webhooks() -> Proof {
    let key = r#"HEX=$(printf '%s' "${KEY#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"#;
    let content = r#"{ printf '%s' "$ID.$TIME."; cat body.json; }"#;
    let hmac = hmac(r#"-mac HMAC -macopt "hexkey:$HEX""#, "base64");
    Proof {
        before: vec![
            "TIME=$(date +%s) ID=msg_$$".into(),
            key.into(),
            format!("SIGNATURE=$({content} | {hmac})"),
        ],
        options: [
            r#"-H "webhook-id: $ID""#,
            r#"-H "webhook-timestamp: $TIME""#,
            r#"-H "webhook-signature: v1,$SIGNATURE""#,
        ]
        .map(str::to_owned)
        .into(),
        path: "",
    }
}

fn hmac(key: &str, encoding: &str) -> String {
    match encoding {
        "base64" => format!("openssl dgst -sha256 {key} -binary | openssl base64 -A"),
        _ => format!("openssl dgst -sha256 {key} -r | cut -d' ' -f1"),
    }
}
