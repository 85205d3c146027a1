//! What a sender adds to a body, so that the relay accepts it. It is written apart from the verifier, from the senders'
//! own documentation, so that the relay's verification is not tested against itself.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use defender_tag_relay::domain::Timestamp;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::Sha256;

/// What a sender adds to a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Signed {
    /// Headers, with names in lower case.
    pub headers: Vec<(String, String)>,
    /// What follows the source's name in the path.
    pub path_token: Option<String>,
}

/// Signs a body as this source, by its part of the sources' configuration and its first secret.
pub fn sign(source: &Value, body: &[u8], now: Timestamp) -> Result<Signed, String> {
    let verify = &source["verify"];
    let secret = verify["secrets"][0].as_str().ok_or("the source has no secret in its configuration")?;
    let second = now.second().to_string();
    let own_header = || verify["header"].as_str().unwrap_or_default().to_lowercase();
    let scheme = verify["scheme"].as_str().unwrap_or_default();
    let headers = match scheme {
        "bearer" => vec![("authorization".into(), format!("Bearer {secret}"))],
        "basic" => vec![("authorization".into(), format!("Basic {}", STANDARD.encode(secret)))],
        "header" => vec![(own_header(), secret.to_owned())],
        "path_token" => {
            return Ok(Signed { headers: Vec::new(), path_token: Some(secret.to_owned()) });
        }
        "github" => vec![(
            "x-hub-signature-256".into(),
            format!("sha256={}", hex::encode(code(secret.as_bytes(), &[body]))),
        )],
        "pagerduty" => vec![(
            "x-pagerduty-signature".into(),
            format!("v1={}", hex::encode(code(secret.as_bytes(), &[body]))),
        )],
        "splunk_observability" => {
            vec![("x-sfx-signature".into(), STANDARD.encode(code(secret.as_bytes(), &[body])))]
        }
        "grafana" => grafana(verify, secret, &second, body),
        "hmac" => hmac(verify, own_header(), secret, &second, body),
        "standard_webhooks" => standard_webhooks(secret, &second, body)?,
        other => return Err(format!("the scheme `{other}` is unknown")),
    };
    Ok(Signed { headers, path_token: None })
}

fn grafana(verify: &Value, secret: &str, second: &str, body: &[u8]) -> Vec<(String, String)> {
    let header = "x-grafana-alerting-signature".to_owned();
    match verify["timestamp_header"].as_str() {
        None => vec![(header, hex::encode(code(secret.as_bytes(), &[body])))],
        Some(time) => {
            let signature = code(secret.as_bytes(), &[second.as_bytes(), b":", body]);
            vec![(header, hex::encode(signature)), (time.to_lowercase(), second.to_owned())]
        }
    }
}

fn hmac(verify: &Value, header: String, secret: &str, second: &str, body: &[u8]) -> Vec<(String, String)> {
    let signed = verify["signed"].as_str().unwrap_or("body");
    let pieces: &[&[u8]] = match signed {
        "timestamp.body" => &[second.as_bytes(), b".", body],
        "timestamp:body" => &[second.as_bytes(), b":", body],
        _ => &[body],
    };
    let signature = code(secret.as_bytes(), pieces);
    let text =
        if verify["encoding"] == "base64" { STANDARD.encode(signature) } else { hex::encode(signature) };
    let mut headers = vec![(header, format!("{}{text}", verify["prefix"].as_str().unwrap_or_default()))];
    let time = verify["timestamp_header"].as_str().map(|name| (name.to_lowercase(), second.to_owned()));
    headers.extend(time);
    headers
}

fn standard_webhooks(secret: &str, second: &str, body: &[u8]) -> Result<Vec<(String, String)>, String> {
    let key = STANDARD
        .decode(secret.trim_start_matches("whsec_"))
        .map_err(|_| "the secret does not begin with whsec_")?;
    let id = format!("msg_{}", uuid::Uuid::new_v4().simple());
    let signature = code(&key, &[id.as_bytes(), b".", second.as_bytes(), b".", body]);
    Ok(vec![
        ("webhook-id".into(), id),
        ("webhook-timestamp".into(), second.to_owned()),
        ("webhook-signature".into(), format!("v1,{}", STANDARD.encode(signature))),
    ])
}

/// The HMAC-SHA256 of these pieces, one after the other.
pub fn code(key: &[u8], pieces: &[&[u8]]) -> Vec<u8> {
    // An HMAC takes a key of any length.
    let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { return Vec::new() };
    for piece in pieces {
        code.update(piece);
    }
    code.finalize().into_bytes().to_vec()
}
