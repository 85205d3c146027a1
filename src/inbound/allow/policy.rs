//! What a source may do.

use crate::config::{ConfigValue, Noted};
use crate::domain::{Action, Tag};

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

/// A text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum PatternError {
    #[error("{0}")]
    NotATag(String),
    #[error("a pattern for every tag is written `*`")]
    TooWide,
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
    /// Reads a source's `allow`.
    pub(in crate::inbound) fn parse(value: &ConfigValue<'_>) -> Result<Self, Noted> {
        let what = r#"{"tags": [...], "actions": [...], "machines": N}"#;
        let allow = value.object(&["tags", "actions", "machines"], what)?;
        let tags = allow.required("tags", |tags| {
            tags.list(1..=PATTERNS_MAX, "tags or patterns", |tag| {
                tag.parse("a tag or a pattern", Pattern::parse)
            })
        });
        let actions = allow.required("actions", |actions| {
            actions.list(1..=usize::MAX, "actions", |action| action.parse("`Add` or `Remove`", Action::parse))
        });
        let machines = allow.required("machines", |machines| machines.number(1..=u32::MAX));
        Ok(Self { tags: tags?, actions: actions?, machines: machines? })
    }

    /// Whether the source may set or remove this tag.
    pub(in crate::inbound) fn allows_tag(&self, tag: &Tag) -> bool {
        self.tags.iter().any(|pattern| pattern.matches(tag.as_str()))
    }

    /// Whether the source may do this.
    pub(in crate::inbound) fn allows_action(&self, action: Action) -> bool {
        self.actions.contains(&action)
    }

    /// Refuses more machines than the source may name at once.
    pub(in crate::inbound) const fn check_machines(&self, asked: usize) -> Result<(), Denied> {
        if asked > self.machines as usize {
            return Err(Denied::Machines { asked, allowed: self.machines });
        }
        Ok(())
    }
}

impl Pattern {
    fn parse(text: &str) -> Result<Self, PatternError> {
        Tag::parse(text).map_err(|error| PatternError::NotATag(error.to_string()))?;
        if text.chars().all(|c| c == '*' || c == '?') && text != "*" {
            return Err(PatternError::TooWide);
        }
        Ok(Self(text.into()))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_matches_the_whole_tag() {
        let matches = |pattern: &str, tag: &str| Pattern::parse(pattern).unwrap().matches(tag);
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
        assert!(Pattern::parse("*").is_ok());
        assert!(Pattern::parse("**").is_err());
    }
}
