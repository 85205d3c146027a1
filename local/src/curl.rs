//! The `curl` that calls a source as its sender would, for a shell. It reads the source's key from the configuration, so
//! that no screen and no log shows it.

use std::path::Path;

use serde_json::Value;

/// The file that a native request is put into.
const NATIVE_BODY: &str = "tag-request.json";
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

/// The shell lines that call this source. They read a webhook's body from `body.json`, and call this port of this machine.
pub fn curl(source: &Value, file: &Path, port: u16) -> Vec<String> {
    let name = source["name"].as_str().unwrap_or_default();
    let body = if source.get("read").is_none() { NATIVE_BODY } else { "body.json" };
    let proof = prove(&source["verify"], body);
    let mut lines = vec![if source["verify"]["secrets"].is_array() {
        let key = format!(r#".sources[] | select(.name == "{name}").verify.secrets[0]"#);
        format!("KEY=$(jq -r {} {})", shell_quote(&key), shell_quote(&file.to_string_lossy()))
    } else {
        "KEY='the key of this source, which is in Secrets Manager'".to_owned()
    }];
    if source.get("read").is_none() {
        lines.push(format!(
            "printf '%s' {} > {NATIVE_BODY}",
            shell_quote(&native(&source["allow"]).to_string())
        ));
    }
    lines.extend(proof.before);
    let mut call = vec![format!(r#"curl -sS "http://127.0.0.1:{port}{}""#, route(source, proof.path))];
    call.extend(proof.options);
    call.push("-H 'Content-Type: application/json'".into());
    call.push(format!("--data-binary @{body}"));
    lines.push(call.join(" \\\n    "));
    lines
}

/// Quotes a text for a shell. A configuration may come from somebody else, so nothing in it may run.
pub fn shell_quote(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=@%+,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A header whose value ends with what this variable of the shell holds.
fn header(name: &str, before: &str, variable: &str) -> String {
    format!(r#"-H {}"${variable}""#, shell_quote(&format!("{name}: {before}")))
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

fn prove(verify: &Value, body: &str) -> Proof {
    let text = |name: &str| verify[name].as_str().unwrap_or_default();
    let option = |option: String| Proof { options: vec![option], ..Proof::default() };
    let signed = |header, prefix, encoding, time| signed(header, prefix, encoding, time, body);
    match text("scheme") {
        "bearer" => option(header("Authorization", "Bearer ", "KEY")),
        "basic" => option(r#"-u "$KEY""#.into()),
        "header" => option(header(text("header"), "", "KEY")),
        "path_token" => Proof { path: "/$KEY", ..Proof::default() },
        "github" => signed("X-Hub-Signature-256", "sha256=", "hex", None),
        "pagerduty" => signed("X-PagerDuty-Signature", "v1=", "hex", None),
        "splunk_observability" => signed("X-SFX-Signature", "", "base64", None),
        "grafana" => {
            let time = verify["timestamp_header"].as_str().map(|header| (header, ":"));
            signed("X-Grafana-Alerting-Signature", "", "hex", time)
        }
        "standard_webhooks" => standard_webhooks(body),
        _ => {
            let between = text("signed").strip_prefix("timestamp").and_then(|rest| rest.strip_suffix("body"));
            let time = verify["timestamp_header"].as_str().zip(between);
            signed(text("header"), text("prefix"), verify["encoding"].as_str().unwrap_or("hex"), time)
        }
    }
}

/// An HMAC of the body, after the time and what stands between the two if there is a time.
fn signed(name: &str, prefix: &str, encoding: &str, time: Option<(&str, &str)>, body: &str) -> Proof {
    let mut before = Vec::new();
    let mut options = vec![header(name, prefix, "SIGNATURE")];
    let mut content = format!("cat {body}");
    if let Some((name, between)) = time {
        before.push("TIME=$(date +%s)".into());
        options.push(header(name, "", "TIME"));
        content = format!(r#"{{ printf '%s' "$TIME{between}"; cat {body}; }}"#);
    }
    before.push(format!("SIGNATURE=$({content} | {})", hmac(r#"-hmac "$KEY""#, encoding)));
    Proof { before, options, path: "" }
}

/// Source: standardwebhooks.com, specification, "Signature scheme".
fn standard_webhooks(body: &str) -> Proof {
    let key = r#"HEX=$(printf '%s' "${KEY#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')"#;
    let content = format!(r#"{{ printf '%s' "$ID.$TIME."; cat {body}; }}"#);
    let hmac = hmac(r#"-mac HMAC -macopt "hexkey:$HEX""#, "base64");
    Proof {
        before: vec![
            "TIME=$(date +%s) ID=msg_$$".into(),
            key.into(),
            format!("SIGNATURE=$({content} | {hmac})"),
        ],
        options: vec![
            header("webhook-id", "", "ID"),
            header("webhook-timestamp", "", "TIME"),
            header("webhook-signature", "v1,", "SIGNATURE"),
        ],
        path: "",
    }
}

fn hmac(key: &str, encoding: &str) -> String {
    match encoding {
        "base64" => format!("openssl dgst -sha256 {key} -binary | openssl base64 -A"),
        _ => format!("openssl dgst -sha256 {key} -r | cut -d' ' -f1"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_configuration_holds_a_shell_reads_it_back_and_runs_nothing() {
        for text in ["it's", "$(id)", "`id`", "a b", "\"", "", "!x", "\\", "plain-1.json", "--x", "a\nb"] {
            let script = format!("printf %s. {}", shell_quote(text));
            let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
            assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{text}."), "{script}");
        }
    }
}
