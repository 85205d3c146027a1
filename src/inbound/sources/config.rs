//! The sources: who may call, how they prove it and what they may do.
//!
//! Invariant: fail closed. Every fault of the configuration is named, each with its source, in one message that
//! holds no secret; a configuration with a fault makes no sources at all.

use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::keyring::Keyring;
use super::source::{OnBadPayload, Source};
use crate::domain::{Priority, SecretArn, SourceName, TenantName};
use crate::inbound::allow::{Policy, WirePolicy};
use crate::inbound::read::{BodyFormat, WireRead};
use crate::inbound::verify::{Keys, Scheme, WireVerify, parse_scheme};

/// Sources that may be configured.
const SOURCES_MAX: usize = 200;
/// Seconds a source may have its sender wait for the outcome: what the relay waits at most.
const WAIT_MAX_S: u32 = 25;

/// The sources' configuration cannot be used: each of its faults.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongSources(pub(super) Vec<String>);

impl fmt::Display for WrongSources {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n    "))
    }
}

impl std::error::Error for WrongSources {}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSources {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    sources: Vec<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSource {
    name: String,
    tenant: Option<String>,
    verify: WireVerify,
    read: Option<WireRead>,
    allow: WirePolicy,
    #[serde(default = "routine")]
    priority: String,
    on_bad_payload: Option<String>,
    answer: Option<WireAnswer>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireAnswer {
    wait_s: u32,
}

fn routine() -> String {
    Priority::Routine.as_str().into()
}

/// Reads the sources' configuration.
pub(super) fn parse_sources(json: &str) -> Result<Vec<Arc<Source>>, WrongSources> {
    let wire: WireSources = serde_json::from_str(json).map_err(|error| WrongSources(vec![shape(&error)]))?;
    if !(1..=SOURCES_MAX).contains(&wire.sources.len()) {
        return Err(WrongSources(vec![format!("must have 1 to {SOURCES_MAX} sources")]));
    }
    let (mut names, mut faults) = (HashSet::new(), Vec::new());
    let mut sources = Vec::with_capacity(wire.sources.len());
    for (at, wire) in wire.sources.into_iter().enumerate() {
        let name = called(&wire, at);
        let mut in_source = |problem: String| faults.push(format!("{name}: {problem}"));
        if !names.insert(name.clone()) {
            in_source("its name is used twice".into());
        }
        match source(wire) {
            Ok(source) => sources.push(Arc::new(source)),
            Err(problems) => problems.into_iter().for_each(in_source),
        }
    }
    if faults.is_empty() { Ok(sources) } else { Err(WrongSources(faults)) }
}

/// How a source is called in a message: by its name if that is one, for anything else may be a secret.
fn called(wire: &Value, at: usize) -> String {
    let name = wire.get("name").and_then(Value::as_str).and_then(|name| SourceName::parse(name).ok());
    name.map_or_else(|| format!("source {}", at + 1), |name| format!("source `{name}`"))
}

/// Where the text goes wrong, without the text: it may hold a secret.
fn shape(error: &serde_json::Error) -> String {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown or of the wrong type",
        _ => "it is not well-formed JSON",
    };
    format!("is not a sources' configuration: {what}, at line {}, column {}", error.line(), error.column())
}

/// A value of this shape, or the place where it differs. Not what stands there: it may be a secret.
fn shaped<T: DeserializeOwned>(wire: Value) -> Result<T, String> {
    serde_path_to_error::deserialize(wire).map_err(|error| {
        let (path, inner) = (error.path().to_string(), error.inner().to_string());
        let within =
            Some(&path).filter(|path| *path != ".").map(|path| format!("{path}: ")).unwrap_or_default();
        let missing = inner.strip_prefix("missing field ").map(|field| format!("{within}{field} is missing"));
        let place = if path.chars().all(is_of_a_field) { path } else { "a field".into() };
        missing.unwrap_or_else(|| {
            format!("{place} is unknown or of the wrong type; see docs/sources.schema.json")
        })
    })
}

fn is_of_a_field(char: char) -> bool {
    char.is_ascii_lowercase() || matches!(char, '_' | '.' | '[' | ']' | '$') || char.is_ascii_digit()
}

fn source(wire: Value) -> Result<Source, Vec<String>> {
    let wire: WireSource = shaped(wire).map_err(|problem| vec![problem])?;
    let mut faults = Vec::new();
    let name = keep(SourceName::parse(&wire.name).map_err(|error| vec![error.to_string()]), &mut faults);
    let tenant = wire.tenant.as_deref().map(TenantName::parse).transpose();
    let tenant = keep(tenant.map_err(|error| vec![error.to_string()]), &mut faults);
    let verify = keep(verify(wire.verify).map_err(|problem| vec![problem]), &mut faults);
    let policy = keep(Policy::parse(wire.allow), &mut faults);
    let body_format = keep(BodyFormat::parse(wire.read), &mut faults);
    let priority =
        Priority::parse(&wire.priority).ok_or_else(|| vec!["priority is `urgent` or `routine`".into()]);
    let priority = keep(priority, &mut faults);
    let on_bad_payload = keep(on_bad_payload(wire.on_bad_payload.as_deref()), &mut faults);
    let wait_ms = keep(wait_ms(wire.answer.as_ref()), &mut faults);
    if let (Some(policy), Some(body_format)) = (&policy, &body_format) {
        faults.extend(never_allowed(policy, body_format));
    }
    let whole = || {
        let ((scheme, keys), wait_ms) = (verify?, wait_ms?);
        let (name, body_format, policy, priority) = (name?, body_format?, policy?, priority?);
        let (tenant, on_bad_payload) = (tenant?, on_bad_payload?);
        let keyring = match keys {
            KeyPlace::Here(keys) => Keyring::inline(name.clone(), scheme, keys),
            KeyPlace::InSecret(arn) => Keyring::by_reference(name.clone(), scheme, arn),
        };
        Some(Source { name, tenant, keyring, body_format, policy, priority, on_bad_payload, wait_ms })
    };
    match whole() {
        Some(source) if faults.is_empty() => Ok(source),
        _ => Err(faults),
    }
}

fn keep<T>(result: Result<T, Vec<String>>, faults: &mut Vec<String>) -> Option<T> {
    result.map_err(|problems| faults.extend(problems)).ok()
}

enum KeyPlace {
    Here(Keys),
    InSecret(SecretArn),
}

fn verify(wire: WireVerify) -> Result<(Scheme, KeyPlace), String> {
    let scheme = parse_scheme(&wire)?;
    let keyring = match (wire.secrets, wire.secrets_arn) {
        (Some(secrets), None) => KeyPlace::Here(scheme.keys(&secrets)?),
        (None, Some(arn)) => {
            let arn = SecretArn::parse(&arn).map_err(|error| format!("verify.secrets_arn {error}"))?;
            KeyPlace::InSecret(arn)
        }
        _ => return Err("verify has either `secrets` or `secrets_arn`".into()),
    };
    Ok((scheme, keyring))
}

fn on_bad_payload(text: Option<&str>) -> Result<OnBadPayload, Vec<String>> {
    match text {
        None | Some("refuse") => Ok(OnBadPayload::Refuse),
        Some("accept") => Ok(OnBadPayload::Accept),
        Some(_) => Err(vec!["on_bad_payload is `refuse` or `accept`".into()]),
    }
}

fn wait_ms(answer: Option<&WireAnswer>) -> Result<u32, Vec<String>> {
    match answer.map_or(0, |answer| answer.wait_s) {
        wait_s @ 0..=WAIT_MAX_S => Ok(wait_s * 1000),
        _ => Err(vec![format!("answer.wait_s is 0 to {WAIT_MAX_S}")]),
    }
}

/// What a source's own rules can ask for that its policy would always deny.
fn never_allowed(policy: &Policy, body_format: &BodyFormat) -> Vec<String> {
    let BodyFormat::Webhook(reader) = body_format else { return Vec::new() };
    let tags = reader.known_tags().into_iter().filter(|tag| !policy.allows_tag(tag));
    let tags = tags.map(|tag| format!("read.tag: allow.tags does not allow `{tag}`"));
    let actions = reader.known_actions().into_iter().filter(|action| !policy.allows_action(*action));
    tags.chain(actions.map(|action| format!("read: allow.actions does not allow `{action}`"))).collect()
}
