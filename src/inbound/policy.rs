//! What a source may do.
//!
//! Invariant: an `Allowed` is only made here, from what was asked and the policy of the source that asked.

use serde::Deserialize;

use super::reading::Reading;
use super::sources::Source;
use super::{Change, Verified};
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
    pub(super) fn parse(wire: WirePolicy) -> Result<Self, Vec<String>> {
        let mut faults = Vec::new();
        if !(1..=PATTERNS_MAX).contains(&wire.tags.len()) {
            faults.push(format!("allow.tags has 1 to {PATTERNS_MAX} tags or patterns"));
        }
        if wire.actions.is_empty() {
            faults.push("allow.actions has at least one action".into());
        }
        if wire.machines == 0 {
            faults.push("allow.machines is at least 1".into());
        }
        let tags: Result<_, String> = wire.tags.into_iter().map(Pattern::parse).collect();
        let actions: Result<_, _> = wire.actions.iter().map(|action| Action::parse(action)).collect();
        let tags = tags.map_err(|problem| faults.push(problem)).unwrap_or_default();
        let actions =
            actions.map_err(|error| faults.push(format!("allow.actions: {error}"))).unwrap_or_default();
        if faults.is_empty() { Ok(Self { tags, actions, machines: wire.machines }) } else { Err(faults) }
    }

    /// What a source's own reading can ask for that its policy would always deny.
    pub(super) fn faults_of(&self, reading: &Reading) -> Vec<String> {
        let Reading::Extract(extract) = reading else { return Vec::new() };
        let tags = extract.known_tags().into_iter().filter(|tag| !self.allows_tag(tag));
        let tags = tags.map(|tag| format!("read.tag: allow.tags does not allow `{tag}`"));
        let actions = extract.known_actions().into_iter().filter(|action| !self.actions.contains(action));
        tags.chain(actions.map(|action| format!("read: allow.actions does not allow `{action}`"))).collect()
    }

    fn allows_tag(&self, tag: &Tag) -> bool {
        self.tags.iter().any(|pattern| pattern.matches(tag.as_str()))
    }
}

impl Pattern {
    fn parse(text: String) -> Result<Self, String> {
        match Tag::parse(&text) {
            Ok(_) if text.chars().all(|c| c == '*' || c == '?') && text != "*" => {
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
pub fn allow(verified: &Verified, asked: Change) -> Result<Allowed, Denied> {
    check_machines(&verified.source().policy, asked.machines.len())?;
    allow_one(verified.source(), asked)
}

/// The same for everything that one delivery asks for: all of it or nothing.
pub fn allow_all(verified: &Verified, asked: Vec<Change>) -> Result<Vec<Allowed>, Denied> {
    check_machines(&verified.source().policy, asked.iter().map(|asked| asked.machines.len()).sum())?;
    asked.into_iter().map(|asked| allow_one(verified.source(), asked)).collect()
}

fn check_machines(policy: &Policy, asked: usize) -> Result<(), Denied> {
    if asked > policy.machines as usize {
        return Err(Denied::Machines { asked, allowed: policy.machines });
    }
    Ok(())
}

fn allow_one(source: &Source, asked: Change) -> Result<Allowed, Denied> {
    if !source.policy.allows_tag(&asked.tag) {
        return Err(Denied::Tag(asked.tag));
    }
    if !source.policy.actions.contains(&asked.action) {
        return Err(Denied::Action(asked.action));
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
