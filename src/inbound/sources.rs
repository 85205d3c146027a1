//! The sources: who may call, how they prove it and what they may do.
//!
//! Invariant: fail closed. Every fault of the configuration is named, each with its source, in one message that
//! holds no secret; a configuration with a fault makes no sources at all.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use secrecy::SecretString;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::keys::{Keyring, Keys, secrets_of};
use super::policy::{Policy, WirePolicy};
use super::reading::{Reading, WireRead, reading};
use super::scheme::{Carrier, Scheme, WireVerify, scheme};
use crate::domain::{Priority, SecretArn, SourceName, TenantName};

/// Sources that may be configured.
const SOURCES_MAX: usize = 200;
/// Seconds a source may have its sender wait for the outcome: what the relay waits at most.
const WAIT_MAX_S: u32 = 25;

/// A system that may send requests.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// Whose machines it asks for; none where there is only one tenant.
    pub tenant: Option<TenantName>,
    /// How it proves who it is.
    pub(super) scheme: Scheme,
    /// What it proves it with.
    pub keyring: Keyring,
    /// How its webhooks are read.
    pub(super) reading: Reading,
    /// What it may do.
    pub policy: Policy,
    /// The class of its requests.
    pub priority: Priority,
    /// What becomes of a webhook that can never succeed.
    pub on_bad_payload: OnBadPayload,
    /// Milliseconds a webhook waits for its outcome.
    pub wait_ms: u32,
}

/// What becomes of a verified webhook that can never succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadPayload {
    /// It is refused.
    Refuse,
    /// It is accepted as unfit, and why is kept: its sender would give up on the relay otherwise.
    Accept,
}

/// All sources. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sources(Arc<[Arc<Source>]>);

/// The sources' configuration cannot be used: each of its faults.
#[derive(Debug, PartialEq, Eq)]
pub struct WrongSources(Vec<String>);

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

impl Sources {
    /// Reads the sources' configuration.
    pub fn parse(json: &str) -> Result<Self, WrongSources> {
        let wire: WireSources =
            serde_json::from_str(json).map_err(|error| WrongSources(vec![shape(&error)]))?;
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
        let sources = Self(sources.into());
        faults.extend(sources.shared_keys());
        if faults.is_empty() { Ok(sources) } else { Err(WrongSources(faults)) }
    }

    /// The sources, if each of them names one of these tenants. Where there is only one, none need be named.
    pub fn of_tenants(self, tenants: &[TenantName]) -> Result<Self, WrongSources> {
        let fault = |source: &Arc<Source>| match &source.tenant {
            None if tenants.len() == 1 => None,
            None => Some(format!("source `{}`: tenant is missing, and there are several", source.name)),
            Some(name) if tenants.contains(name) => None,
            Some(name) => Some(format!("source `{}`: there is no tenant `{name}`", source.name)),
        };
        let faults: Vec<_> = self.iter().filter_map(fault).collect();
        if faults.is_empty() { Ok(self) } else { Err(WrongSources(faults)) }
    }

    /// Each source whose bearer key is another's too, or there twice. A bearer key alone says who calls.
    pub fn shared_keys(&self) -> Vec<String> {
        let (mut owners, mut faults) = (HashMap::new(), Vec::new());
        for source in self.iter().filter(|source| source.is_bearer()) {
            for key in source.keyring.live().iter().flat_map(Keys::iter) {
                if let Some(first) = owners.insert(Sha256::digest(key), &source.name) {
                    let name = &source.name;
                    faults.push(format!(
                        "source `{name}`: one of its bearer keys is used twice, by `{first}` too"
                    ));
                }
            }
        }
        faults
    }

    /// Whether one of these bearer keys is that of a source beside this one.
    pub fn are_anothers(&self, keys: &Keys, of: &Source) -> bool {
        let digest = |key: &[u8]| Sha256::digest(key);
        let asked: HashSet<_> = keys.iter().map(digest).collect();
        let mut others = self.iter().filter(|source| source.is_bearer() && source.name != of.name);
        of.is_bearer()
            && others.any(|other| {
                other.keyring.live().iter().flat_map(Keys::iter).any(|key| asked.contains(&digest(key)))
            })
    }

    /// All sources.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.0.iter()
    }

    /// The source of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<Source>> {
        self.iter().find(|source| source.name.as_str() == name)
    }
}

impl Source {
    /// Whether it proves itself with a bearer key, as native requests do.
    pub const fn is_bearer(&self) -> bool {
        matches!(self.scheme, Scheme::SharedSecret(Carrier::Bearer))
    }

    /// The keys in the text of the secret that holds them.
    pub fn keys_in(&self, text: &SecretString) -> Result<Keys, String> {
        Keys::parse(&secrets_of(text)?, &self.scheme)
    }
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
    let reading = keep(reading(wire.read), &mut faults);
    let priority =
        Priority::parse(&wire.priority).ok_or_else(|| vec!["priority is `urgent` or `routine`".into()]);
    let priority = keep(priority, &mut faults);
    let on_bad_payload = keep(on_bad_payload(wire.on_bad_payload.as_deref()), &mut faults);
    let wait_ms = keep(wait_ms(wire.answer.as_ref()), &mut faults);
    if let (Some(policy), Some(reading)) = (&policy, &reading) {
        faults.extend(policy.faults_of(reading));
    }
    let whole = || {
        let ((scheme, keyring), wait_ms) = (verify?, wait_ms?);
        let (name, reading, policy, priority) = (name?, reading?, policy?, priority?);
        let (tenant, on_bad_payload) = (tenant?, on_bad_payload?);
        Some(Source { name, tenant, scheme, keyring, reading, policy, priority, on_bad_payload, wait_ms })
    };
    match whole() {
        Some(source) if faults.is_empty() => Ok(source),
        _ => Err(faults),
    }
}

fn keep<T>(result: Result<T, Vec<String>>, faults: &mut Vec<String>) -> Option<T> {
    result.map_err(|problems| faults.extend(problems)).ok()
}

fn verify(wire: WireVerify) -> Result<(Scheme, Keyring), String> {
    let scheme = scheme(&wire)?;
    let keyring = match (wire.secrets, wire.secrets_arn) {
        (Some(secrets), None) => Keyring::inline(Keys::parse(&secrets, &scheme)?),
        (None, Some(arn)) => {
            let arn = SecretArn::parse(&arn).map_err(|error| format!("verify.secrets_arn {error}"))?;
            Keyring::by_reference(arn)
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
