//! An alert's state, and what its texts mean.

use serde_json::Value;

use super::path::Path;
use super::value::first_texts;

/// Where an alert's state is, and what its texts mean.
#[derive(Debug)]
pub(super) struct State {
    pub(super) from: Vec<Path>,
    /// None: every state that is not resolved.
    pub(super) active: Option<Vec<String>>,
    pub(super) resolved: Vec<String>,
}

/// What a resolved alert asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum OnResolved {
    Ignore,
    Remove,
}

/// What a state means.
pub(super) enum Kind {
    Active,
    Resolved,
    Other,
}

impl State {
    /// The place in an item that has the state.
    pub(super) fn place(&self, item: &Value) -> Option<&str> {
        first_texts(&self.from, item).map(|(path, _)| path.as_str())
    }

    /// What the state of an item means.
    pub(super) fn kind(&self, item: &Value) -> Kind {
        let Some((_, texts)) = first_texts(&self.from, item) else {
            return if self.active.is_some() { Kind::Other } else { Kind::Active };
        };
        let is_one_of = |known: &[String]| {
            texts.iter().any(|text| known.iter().any(|known| known.eq_ignore_ascii_case(text)))
        };
        if is_one_of(&self.resolved) {
            Kind::Resolved
        } else if self.active.as_deref().is_none_or(is_one_of) {
            Kind::Active
        } else {
            Kind::Other
        }
    }
}
