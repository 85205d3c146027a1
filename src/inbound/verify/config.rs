//! A source's `verify`.
//!
//! Invariant: fail closed. An unknown scheme, a field of another scheme or a secret that cannot open anything
//! is a fault, and no fault holds a secret.

use http::HeaderName;

use super::hmac::{Encoding, Signature};
use super::keys::{KEYS_MAX, Key, Keys, WeakSecret, check_secret};
use super::scheme::Scheme;
use super::shared_secret::Carrier;
use crate::config::{ConfigObject, ConfigValue, Noted};
use crate::domain::SecretArn;

pub(super) const FIELDS: [&str; 9] = [
    "scheme",
    "secrets",
    "secrets_arn",
    "weak_secret",
    "header",
    "prefix",
    "encoding",
    "timestamp_header",
    "signed",
];
/// Every field that belongs to some schemes only.
const OPTIONS: [&str; 5] = ["header", "prefix", "encoding", "timestamp_header", "signed"];
/// Every scheme there is.
const SCHEMES: &str = "bearer, header, basic, path_token, hmac, github, grafana, pagerduty, splunk_observability, \
                       standard_webhooks";

/// A source's keys, or where they are.
pub(in crate::inbound) enum KeysRef {
    Inline(Keys),
    SecretsManager(SecretArn),
}

/// How a source proves who it is.
pub(in crate::inbound) struct VerifyConfig {
    pub(in crate::inbound) scheme: Scheme,
    pub(in crate::inbound) weak: WeakSecret,
    pub(in crate::inbound) keys: KeysRef,
}

/// Reads how a source proves who it is.
pub(in crate::inbound) fn parse_verify(value: &ConfigValue<'_>) -> Result<VerifyConfig, Noted> {
    let verify = value.object(&FIELDS, r#"{"scheme": "...", "secrets": ["..."]}"#)?;
    let scheme = parse_scheme(&verify);
    let weak = verify.optional("weak_secret", ConfigValue::flag);
    let weak = weak.map(|weak| if weak == Some(true) { WeakSecret::Allowed } else { WeakSecret::Refused });
    let keys = parse_keys(&verify, scheme.as_ref().ok(), *weak.as_ref().unwrap_or(&WeakSecret::Refused));
    Ok(VerifyConfig { scheme: scheme?, weak: weak?, keys: keys? })
}

fn parse_keys(
    verify: &ConfigObject<'_>,
    scheme: Option<&Scheme>,
    weak: WeakSecret,
) -> Result<KeysRef, Noted> {
    let inline = verify.optional("secrets", |secrets| {
        secrets.list(1..=KEYS_MAX, "secrets", |secret| parse_key(secret, scheme, weak))
    });
    let arn = verify.optional("secrets_arn", |arn| arn.parse("the ARN of a secret", SecretArn::parse));
    if verify.has("secrets") == verify.has("secrets_arn") {
        return Err(verify.fault("wants either `secrets` or `secrets_arn`"));
    }
    match arn? {
        Some(arn) => Ok(KeysRef::SecretsManager(arn)),
        None => Ok(KeysRef::Inline(Keys::new(inline?.into_iter().flatten().flatten().collect()))),
    }
}

/// The key in a secret. Where the scheme cannot be read, the secret is checked as far as it can be, and is no key.
fn parse_key(
    secret: &ConfigValue<'_>,
    scheme: Option<&Scheme>,
    weak: WeakSecret,
) -> Result<Option<Key>, Noted> {
    secret.parse("a secret as a text", |secret| match scheme {
        Some(scheme) => scheme.key(secret, weak).map(Some),
        None => check_secret(secret).and_then(|()| weak.check(secret, secret)).map(|()| None),
    })
}

/// Reads a scheme, and looks for fields that it does not use.
pub(super) fn parse_scheme(verify: &ConfigObject<'_>) -> Result<Scheme, Noted> {
    let name = verify.required("scheme", |scheme| scheme.text(&format!("one of: {SCHEMES}")))?;
    let fields: &[&str] = match name {
        "header" => &["header"],
        "grafana" => &["timestamp_header"],
        "hmac" => &OPTIONS,
        _ => &[],
    };
    let mut scheme = match name {
        "bearer" => Ok(Scheme::SharedSecret(Carrier::Bearer)),
        "basic" => Ok(Scheme::SharedSecret(Carrier::Basic)),
        "path_token" => Ok(Scheme::SharedSecret(Carrier::PathToken)),
        "header" => {
            verify.required("header", parse_header).map(|name| Scheme::SharedSecret(Carrier::Header(name)))
        }
        "standard_webhooks" => Ok(Scheme::StandardWebhooks),
        "hmac" => parse_hmac(verify).map(Scheme::Hmac),
        "github" => Ok(Scheme::Hmac(hex("x-hub-signature-256", "sha256="))),
        "pagerduty" => Ok(Scheme::Hmac(Signature { several: true, ..hex("x-pagerduty-signature", "v1=") })),
        "grafana" => verify.optional("timestamp_header", parse_header).map(|header| {
            let time = header.map(|header| (header, ':'));
            Scheme::Hmac(Signature { time, ..hex("x-grafana-alerting-signature", "") })
        }),
        "splunk_observability" => {
            Ok(Scheme::Hmac(Signature { encoding: Encoding::Base64, ..hex("x-sfx-signature", "") }))
        }
        _ => return Err(verify.fault_at("scheme", format!("is unknown; it is one of: {SCHEMES}"))),
    };
    // A field that the scheme does not look at is a mistake: somebody believes that it protects.
    for name in OPTIONS.iter().filter(|name| verify.has(name) && !fields.contains(name)) {
        scheme = Err(verify.fault_at(name, "does not belong to this scheme"));
    }
    scheme
}

/// A signature in hexadecimal digits over the body alone.
fn hex(header: &'static str, prefix: &str) -> Signature {
    Signature {
        header: HeaderName::from_static(header),
        prefix: prefix.into(),
        encoding: Encoding::Hex,
        several: false,
        time: None,
    }
}

fn parse_hmac(verify: &ConfigObject<'_>) -> Result<Signature, Noted> {
    let signed = [("body", None), ("timestamp.body", Some('.')), ("timestamp:body", Some(':'))];
    let encodings = [("hex", Encoding::Hex), ("base64", Encoding::Base64)];
    let header = verify.required("header", parse_header);
    let prefix = verify.optional("prefix", |prefix| prefix.text("a text"));
    let encoding = verify.optional("encoding", |encoding| encoding.choice(&encodings));
    let between = verify.optional("signed", |text| text.choice(&signed)).map(Option::flatten);
    let time_header = verify.optional("timestamp_header", parse_header);
    if between.is_ok_and(|between| between.is_some() != verify.has("timestamp_header")) {
        return Err(verify.fault_at("timestamp_header", "goes together with a `signed` that has a timestamp"));
    }
    Ok(Signature {
        header: header?,
        prefix: prefix?.unwrap_or_default().to_owned(),
        encoding: encoding?.unwrap_or(Encoding::Hex),
        several: false,
        time: time_header?.zip(between?),
    })
}

fn parse_header(name: &ConfigValue<'_>) -> Result<HeaderName, Noted> {
    let what = "the name of a header";
    name.text(what)?.parse().map_err(|_| name.wants(what))
}
