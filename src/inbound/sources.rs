//! The sources' configuration: who may call, how they prove it and what they may do.
//!
//! Invariant: fail closed. An unknown field or scheme, an empty secret or a doubled name is an error, and no
//! error text holds a secret.

use std::collections::HashSet;
use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

use super::policy::{Policy, WirePolicy};
use crate::domain::{Priority, SourceName};

/// Secrets a source may have at once: the old, the new, and one to spare.
const SECRETS_MAX: usize = 3;
/// Sources that may be configured.
const SOURCES_MAX: usize = 200;

/// A system that may send requests.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// How it proves who it is.
    pub scheme: Scheme,
    /// What it may do.
    pub policy: Policy,
    /// The class of its requests.
    pub priority: Priority,
}

/// How a source proves who it is.
#[derive(Debug)]
pub enum Scheme {
    /// `Authorization: Bearer` with one of these secrets.
    Bearer(Vec<SecretString>),
}

/// All sources. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sources(Arc<[Arc<Source>]>);

/// The sources' configuration cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WrongSources {
    /// It is not JSON of the documented shape.
    #[error("is not a sources' configuration: {0}")]
    Shape(String),
    /// It has none, or too many.
    #[error("must have 1 to {SOURCES_MAX} sources")]
    Count,
    /// One source is wrong.
    #[error("source `{name}`: {problem}")]
    Source {
        /// The source's name as it stands.
        name: String,
        /// What is wrong.
        problem: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSources {
    sources: Vec<WireSource>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireSource {
    name: String,
    verify: WireVerify,
    allow: WirePolicy,
    #[serde(default = "routine")]
    priority: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireVerify {
    scheme: String,
    secrets: Vec<SecretString>,
}

fn routine() -> String {
    Priority::Routine.as_str().into()
}

impl Sources {
    /// Reads the sources' configuration.
    pub fn parse(json: &str) -> Result<Self, WrongSources> {
        let wire: WireSources = serde_json::from_str(json).map_err(|error| shape(&error))?;
        if !(1..=SOURCES_MAX).contains(&wire.sources.len()) {
            return Err(WrongSources::Count);
        }
        let mut names = HashSet::new();
        let mut sources = Vec::with_capacity(wire.sources.len());
        for wire in wire.sources {
            let name = wire.name.clone();
            let in_source = |problem| WrongSources::Source { name: name.clone(), problem };
            let source = source(wire).map_err(in_source)?;
            if !names.insert(source.name.clone()) {
                return Err(in_source("its name is used twice".into()));
            }
            sources.push(Arc::new(source));
        }
        Ok(Self(sources.into()))
    }

    /// All sources.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.0.iter()
    }
}

/// Where the text goes wrong, without the text: it may hold a secret.
fn shape(error: &serde_json::Error) -> WrongSources {
    let what = match error.classify() {
        serde_json::error::Category::Data => "a field is missing, unknown or of the wrong type",
        _ => "it is not well-formed JSON",
    };
    WrongSources::Shape(format!("{what}, at line {}, column {}", error.line(), error.column()))
}

fn source(wire: WireSource) -> Result<Source, String> {
    Ok(Source {
        name: SourceName::parse(&wire.name).map_err(|error| error.to_string())?,
        scheme: scheme(wire.verify)?,
        policy: Policy::parse(wire.allow)?,
        priority: Priority::parse(&wire.priority).ok_or("priority is `urgent` or `routine`")?,
    })
}

fn scheme(wire: WireVerify) -> Result<Scheme, String> {
    if !(1..=SECRETS_MAX).contains(&wire.secrets.len()) {
        return Err(format!("verify.secrets has 1 to {SECRETS_MAX} secrets"));
    }
    if wire.secrets.iter().any(|secret| secret.expose_secret().trim().is_empty()) {
        return Err("verify.secrets has an empty secret".into());
    }
    match wire.scheme.as_str() {
        "bearer" => Ok(Scheme::Bearer(wire.secrets)),
        _ => Err("verify.scheme is unknown; it is one of: bearer".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(change: &str) -> String {
        let smallest = r#"{"sources": [{"name": "soar", "verify": {"scheme": "bearer", "secrets": ["hush"]},
            "allow": {"tags": ["*"], "actions": ["Add", "Remove"], "machines": 10000}, "priority": "routine"}]}"#;
        let (from, to) = change.split_once(" => ").unwrap_or(("", ""));
        smallest.replacen(from, to, 1)
    }

    #[test]
    fn the_smallest_configuration_of_the_contract_is_read() {
        let sources = Sources::parse(&with("")).unwrap();
        assert_eq!(sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["soar"]);
    }

    #[test]
    fn what_is_wrong_fails_closed_and_tells_no_secret() {
        let changes = [
            "\"bearer\" => \"none\"",
            "\"hush\" => \"hush\", \" \"",
            "[\"hush\"] => []",
            "\"soar\" => \"SOAR hush\"",
            "\"priority\" => \"prio\"",
            "\"routine\" => \"low\"",
            "\"machines\": 10000 => \"machines\": 0",
            "\"Add\", \"Remove\" => ",
            "\"*\" => ",
            "[\"hush\"] => \"hush\"",
            "{\"sources\": => {\"sources\" hush",
        ];
        for change in changes {
            let error = Sources::parse(&with(change)).expect_err(change).to_string();
            assert!(!error.contains("hush") || change.contains("SOAR"), "{change}: {error}");
        }
    }

    #[test]
    fn a_name_is_used_once() {
        let one = with("");
        let inner = one.split_once('[').unwrap().1.rsplit_once(']').unwrap().0;
        let error = Sources::parse(&format!("{{\"sources\": [{inner}, {inner}]}}")).unwrap_err();
        assert_eq!(error.to_string(), "source `soar`: its name is used twice");
    }

    #[test]
    fn no_debug_output_tells_a_secret() {
        assert!(!format!("{:?}", Sources::parse(&with("")).unwrap()).contains("hush"));
    }
}
