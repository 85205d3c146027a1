//! A scheme from its part of a source's configuration.
//!
//! Invariant: fail closed. An unknown scheme, a field of another scheme or a secret that cannot open anything
//! is an error, and no error holds a secret.

use http::HeaderName;
use secrecy::SecretString;
use serde::Deserialize;

use super::hmac::{Encoding, Signature};
use super::scheme::Scheme;
use super::shared_secret::Carrier;

/// Every scheme there is.
const SCHEMES: &str = "bearer, header, basic, path_token, hmac, github, grafana, pagerduty, splunk_observability, \
                       standard_webhooks";
/// Every field that belongs to some schemes only.
const OPTIONS: [&str; 5] = ["header", "prefix", "encoding", "timestamp_header", "signed"];

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(in crate::inbound) struct WireVerify {
    scheme: String,
    pub(in crate::inbound) secrets: Option<Vec<SecretString>>,
    pub(in crate::inbound) secrets_arn: Option<String>,
    header: Option<String>,
    prefix: Option<String>,
    encoding: Option<String>,
    timestamp_header: Option<String>,
    signed: Option<String>,
}

/// Reads a scheme.
pub(in crate::inbound) fn parse_scheme(wire: &WireVerify) -> Result<Scheme, String> {
    let (scheme, fields): (Scheme, &[&str]) = match wire.scheme.as_str() {
        "bearer" => (Scheme::SharedSecret(Carrier::Bearer), &[]),
        "basic" => (Scheme::SharedSecret(Carrier::Basic), &[]),
        "path_token" => (Scheme::SharedSecret(Carrier::PathToken), &[]),
        "header" => (Scheme::SharedSecret(Carrier::Header(wire.own_header()?)), &["header"]),
        "standard_webhooks" => (Scheme::StandardWebhooks, &[]),
        "hmac" => (Scheme::Hmac(wire.hmac()?), &OPTIONS),
        "github" => (Scheme::Hmac(hex("x-hub-signature-256", "sha256=")), &[]),
        "pagerduty" => {
            (Scheme::Hmac(Signature { several: true, ..hex("x-pagerduty-signature", "v1=") }), &[])
        }
        "grafana" => {
            let time = wire.time(Some(':'))?;
            (
                Scheme::Hmac(Signature { time, ..hex("x-grafana-alerting-signature", "") }),
                &["timestamp_header"],
            )
        }
        "splunk_observability" => {
            (Scheme::Hmac(Signature { encoding: Encoding::Base64, ..hex("x-sfx-signature", "") }), &[])
        }
        _ => return Err(format!("verify.scheme is unknown; it is one of: {SCHEMES}")),
    };
    wire.only_has(fields)?;
    Ok(scheme)
}

/// A signature in hexadecimal digits over the body alone.
fn hex(header: &'static str, prefix: &str) -> Signature {
    let (header, prefix) = (HeaderName::from_static(header), prefix.into());
    Signature { header, prefix, encoding: Encoding::Hex, several: false, time: None }
}

impl WireVerify {
    /// A field that the scheme does not look at is a mistake: somebody believes that it protects.
    fn only_has(&self, fields: &[&str]) -> Result<(), String> {
        let set = [
            ("header", self.header.is_some()),
            ("prefix", self.prefix.is_some()),
            ("encoding", self.encoding.is_some()),
            ("timestamp_header", self.timestamp_header.is_some()),
            ("signed", self.signed.is_some()),
        ];
        match set.iter().find(|(name, is_set)| *is_set && !fields.contains(name)) {
            Some((name, _)) => Err(format!("verify.{name} does not belong to this scheme")),
            None => Ok(()),
        }
    }

    fn own_header(&self) -> Result<HeaderName, String> {
        header("header", self.header.as_deref().ok_or("verify.header is missing")?)
    }

    fn hmac(&self) -> Result<Signature, String> {
        let between = match self.signed.as_deref() {
            None | Some("body") => None,
            Some("timestamp.body") => Some('.'),
            Some("timestamp:body") => Some(':'),
            Some(_) => return Err("verify.signed is `body`, `timestamp.body` or `timestamp:body`".into()),
        };
        if between.is_some() != self.timestamp_header.is_some() {
            return Err("verify.timestamp_header and a verify.signed with a timestamp go together".into());
        }
        let encoding = match self.encoding.as_deref() {
            None | Some("hex") => Encoding::Hex,
            Some("base64") => Encoding::Base64,
            Some(_) => return Err("verify.encoding is `hex` or `base64`".into()),
        };
        let (header, prefix) = (self.own_header()?, self.prefix.clone().unwrap_or_default());
        Ok(Signature { header, prefix, encoding, several: false, time: self.time(between)? })
    }

    fn time(&self, between: Option<char>) -> Result<Option<(HeaderName, char)>, String> {
        let name = self.timestamp_header.as_deref().map(|name| header("timestamp_header", name));
        Ok(name.transpose()?.zip(between))
    }
}

fn header(field: &str, name: &str) -> Result<HeaderName, String> {
    name.parse().map_err(|_| format!("verify.{field} is no header's name"))
}
