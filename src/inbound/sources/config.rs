//! The configuration of sources.
//!
//! Invariant: fail closed. One message names every fault, each with its source, and holds no secret; a configuration
//! with a fault makes no sources at all.

use std::collections::HashSet;
use std::sync::Arc;

use super::keyring::{KeyRef, Keyring};
use super::source::{OnBadPayload, Source, shared_bearer_keys};
use crate::config::{ConfigError, ConfigObject, ConfigValue, Noted, read_config};
use crate::domain::{Priority, SourceName, TenantName};
use crate::inbound::allow::Policy;
use crate::inbound::read::BodyFormat;
use crate::inbound::verify::{KeysRef, VerifyConfig, parse_verify};

/// Sources that may be configured.
const SOURCES_MAX: usize = 200;
/// Seconds a source may have its sender wait for the outcome: what the relay waits at most.
const WAIT_MAX_S: u32 = 25;
const FIELDS: [&str; 8] =
    ["name", "tenant", "verify", "read", "allow", "priority", "on_bad_payload", "answer"];

/// Reads the sources' configuration. Where it is not known which tenants there are, theirs are not looked at.
pub(super) fn parse_sources(
    json: &str,
    tenants: Option<&[TenantName]>,
) -> Result<Vec<Arc<Source>>, ConfigError> {
    read_config(json, |document| {
        let document = document.object(&["$schema", "sources"], r#"{"sources": [...]}"#)?;
        let schema = document.optional("$schema", |schema| schema.text("a text"));
        let sources = document.required("sources", |sources| parse_list(sources, tenants));
        schema.and(sources)
    })
}

fn parse_list(list: &ConfigValue<'_>, tenants: Option<&[TenantName]>) -> Result<Vec<Arc<Source>>, Noted> {
    let mut names = HashSet::new();
    // Each source that can be read, with its place: two of them may share a key.
    let mut readable = Vec::new();
    let sources = list.list(1..=SOURCES_MAX, "sources", |value| {
        let value = value.named(name_of(value).as_ref().map(SourceName::as_str));
        let source = parse_source(&value, tenants);
        if name_of(&value).is_some_and(|name| !names.insert(name)) {
            return Err(value.fault_at("name", "is used twice"));
        }
        let source = Arc::new(source?);
        readable.push((value, Arc::clone(&source)));
        Ok(source)
    });
    for shared in shared_bearer_keys(readable.iter().map(|(_, source)| source.as_ref())) {
        if let Some((value, _)) = readable.get(shared.at) {
            value.fault_at("verify.secrets", shared.to_string());
        }
    }
    sources
}

/// A source's name, if it is one: any other text may be a secret.
fn name_of(value: &ConfigValue<'_>) -> Option<SourceName> {
    SourceName::parse(value.json()?.get("name")?.as_str()?).ok()
}

fn parse_source(value: &ConfigValue<'_>, tenants: Option<&[TenantName]>) -> Result<Source, Noted> {
    let source = value.object(&FIELDS, r#"{"name": "...", "verify": {...}, "allow": {...}}"#)?;
    let priorities = [("urgent", Priority::Urgent), ("routine", Priority::Routine)];
    let on_bad = [("refuse", OnBadPayload::Refuse), ("accept", OnBadPayload::Accept)];
    let name = source.required("name", |name| name.parse("a source's name", SourceName::parse));
    let tenant = parse_tenant(&source, tenants);
    let verify = source.required("verify", parse_verify);
    let body_format = source.optional("read", BodyFormat::parse);
    let body_format = body_format.map(|format| format.unwrap_or(BodyFormat::Native));
    let policy = source.required("allow", Policy::parse);
    let priority = source.optional("priority", |priority| priority.choice(&priorities));
    let on_bad_payload = source.optional("on_bad_payload", |text| text.choice(&on_bad));
    let wait_s = source.optional("answer", parse_wait_s);
    if let (Ok(policy), Ok(format)) = (&policy, &body_format) {
        note_never_allowed(&source, policy, format);
    }
    let name = name?;
    let VerifyConfig { scheme, weak, keys } = verify?;
    let keyring = match keys {
        KeysRef::Inline(keys) => Keyring::inline(name.clone(), scheme, keys),
        KeysRef::SecretsManager(arn) => Keyring::by_reference(name.clone(), scheme, KeyRef { arn, weak }),
    };
    Ok(Source {
        name,
        tenant: tenant?,
        keyring,
        body_format: body_format?,
        policy: policy?,
        priority: priority?.unwrap_or(Priority::Routine),
        on_bad_payload: on_bad_payload?.unwrap_or(OnBadPayload::Refuse),
        wait_ms: wait_s?.unwrap_or(0) * 1000,
    })
}

/// Where there is only one tenant, a source need not name it.
fn parse_tenant(
    source: &ConfigObject<'_>,
    tenants: Option<&[TenantName]>,
) -> Result<Option<TenantName>, Noted> {
    let name = source.optional("tenant", |name| name.parse("a tenant's name", TenantName::parse))?;
    match (&name, tenants) {
        (None, Some(tenants)) if tenants.len() > 1 => {
            Err(source.fault_at("tenant", "is missing, and there are several"))
        }
        (Some(name), Some(tenants)) if !tenants.contains(name) => {
            let known: Vec<_> = tenants.iter().map(TenantName::as_str).collect();
            Err(source
                .fault_at("tenant", format!("there is no such tenant; there are: {}", known.join(", "))))
        }
        _ => Ok(name),
    }
}

fn parse_wait_s(value: &ConfigValue<'_>) -> Result<u32, Noted> {
    let answer = value.object(&["wait_s"], r#"{"wait_s": N}"#)?;
    answer.required("wait_s", |wait_s| wait_s.number(0..=WAIT_MAX_S))
}

/// Notes what a source's own rules can ask for although its policy would always deny it.
fn note_never_allowed(source: &ConfigObject<'_>, policy: &Policy, format: &BodyFormat) {
    let BodyFormat::Webhook(reader) = format else { return };
    let denied = reader.known_tags().into_iter().filter(|tag| !policy.allows_tag(tag)).count();
    if denied > 0 {
        source.fault_at("read.tag", format!("allow.tags does not allow {denied} of its tags"));
    }
    for action in reader.known_actions().into_iter().filter(|action| !policy.allows_action(*action)) {
        source.fault_at("read", format!("allow.actions does not allow `{action}`"));
    }
}
