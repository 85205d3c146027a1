//! What a source may do.
//!
//! Invariant: an `Allowed` is only made here, from what was asked and the policy of the source that asked.

use serde::Deserialize;

use super::{Asked, Verified};
use crate::domain::{Action, MachineId, Priority, SourceName, Tag};

/// Tag patterns a source may have.
const PATTERNS_MAX: usize = 100;

/// What a source may do.
#[derive(Debug)]
pub struct Policy {
    tags: Vec<Pattern>,
    actions: Vec<Action>,
    machines: u32,
}

/// A tag, or a text with `*` for any run of characters.
#[derive(Debug)]
struct Pattern(String);

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct WirePolicy {
    tags: Vec<String>,
    actions: Vec<String>,
    machines: u32,
}

/// Something a source's policy permits. The only thing the relay accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    source: SourceName,
    tag: Tag,
    action: Action,
    priority: Priority,
    machines: Vec<MachineId>,
}

/// What a source's policy does not permit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The tag.
    #[error("this source may not set or remove the tag `{0}`")]
    Tag(Tag),
    /// The action.
    #[error("this source may not `{0}` tags")]
    Action(Action),
    /// The number of machines.
    #[error("this source may name at most {allowed} machines a request, not {asked}")]
    Machines {
        /// Machines asked for.
        asked: usize,
        /// Machines allowed.
        allowed: u32,
    },
}

impl Policy {
    pub(super) fn parse(wire: WirePolicy) -> Result<Self, String> {
        if !(1..=PATTERNS_MAX).contains(&wire.tags.len()) {
            return Err(format!("allow.tags has 1 to {PATTERNS_MAX} tags or patterns"));
        }
        if wire.actions.is_empty() {
            return Err("allow.actions has at least one action".into());
        }
        if wire.machines == 0 {
            return Err("allow.machines is at least 1".into());
        }
        let actions = wire.actions.iter().map(|action| Action::parse(action));
        Ok(Self {
            tags: wire.tags.into_iter().map(Pattern::parse).collect::<Result<_, _>>()?,
            actions: actions.collect::<Result<_, _>>().map_err(|error| format!("allow.actions: {error}"))?,
            machines: wire.machines,
        })
    }
}

impl Pattern {
    fn parse(text: String) -> Result<Self, String> {
        match Tag::parse(&text) {
            Ok(_) if text.chars().all(|c| c == '*') && text != "*" => {
                Err("allow.tags: a pattern for every tag is written `*`".into())
            }
            Ok(_) => Ok(Self(text)),
            Err(error) => Err(format!("allow.tags: {error}")),
        }
    }

    /// Whether the tag has the pattern's pieces in their order, the first and the last at its ends.
    fn matches(&self, tag: &str) -> bool {
        let Some((first, rest)) = self.0.split_once('*') else { return self.0 == tag };
        let Some(mut tag) = tag.strip_prefix(first) else { return false };
        let mut pieces: Vec<_> = rest.split('*').collect();
        let last = pieces.pop().unwrap_or_default();
        for piece in pieces {
            let Some(at) = tag.find(piece) else { return false };
            tag = &tag[at + piece.len()..];
        }
        tag.ends_with(last)
    }
}

/// Holds what was asked against the policy of the source that asked.
pub fn allow(verified: &Verified, asked: Asked) -> Result<Allowed, Denied> {
    let source = verified.source();
    let policy = &source.policy;
    if !policy.tags.iter().any(|pattern| pattern.matches(asked.tag.as_str())) {
        return Err(Denied::Tag(asked.tag));
    }
    if !policy.actions.contains(&asked.action) {
        return Err(Denied::Action(asked.action));
    }
    if asked.machines.len() > policy.machines as usize {
        return Err(Denied::Machines { asked: asked.machines.len(), allowed: policy.machines });
    }
    Ok(Allowed {
        source: source.name.clone(),
        tag: asked.tag,
        action: asked.action,
        priority: source.priority.lowered_to(asked.priority),
        machines: asked.machines,
    })
}

impl Allowed {
    /// The source that asked.
    pub const fn source(&self) -> &SourceName {
        &self.source
    }

    /// The class it goes by.
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// The parts: source, tag, action, priority and machines.
    pub fn into_parts(self) -> (SourceName, Tag, Action, Priority, Vec<MachineId>) {
        (self.source, self.tag, self.action, self.priority, self.machines)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_tag() {
        let matches = |pattern: &str, tag: &str| Pattern::parse(pattern.into()).unwrap().matches(tag);
        for (pattern, tag) in
            [("vip", "vip"), ("*", "x"), ("ir-*", "ir-1"), ("*-x", "a-x"), ("a*b*c", "a1b2c"), ("a*a", "aa")]
        {
            assert!(matches(pattern, tag), "{pattern} {tag}");
        }
        for (pattern, tag) in [
            ("vip", "VIP"),
            ("vip", "vip1"),
            ("ir-*", "xir-1"),
            ("*-x", "-xy"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
        ] {
            assert!(!matches(pattern, tag), "{pattern} {tag}");
        }
    }

    #[test]
    fn a_pattern_for_everything_says_so_plainly() {
        assert!(Pattern::parse("*".into()).is_ok());
        assert!(Pattern::parse("**".into()).is_err());
    }
}
