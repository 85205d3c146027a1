//! A machine tag's text.
//!
//! Invariant: 1 to 200 characters, no control character, no white space at either end.

use std::fmt;
use std::sync::Arc;

/// Characters a tag may have.
/// Source: Microsoft, "Create and manage device tags": 200 characters for the registry way of tagging.
pub const TAG_MAX_CHARS: usize = 200;

/// A machine tag's text. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

/// Why a text is not a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotATag {
    /// The text is empty.
    #[error("a tag has at least one character")]
    Empty,
    /// The text is longer than [`TAG_MAX_CHARS`].
    #[error("a tag has at most {TAG_MAX_CHARS} characters, this one has {0}")]
    TooLong(usize),
    /// The text holds a control character.
    #[error("a tag has no control characters, this one has one at character {0}")]
    ControlCharacter(usize),
    /// The text begins or ends with white space.
    #[error("a tag neither begins nor ends with white space")]
    SurroundingSpace,
}

impl Tag {
    /// Reads a tag's text.
    pub fn parse(text: &str) -> Result<Self, NotATag> {
        let chars = text.chars().count();
        if chars == 0 {
            return Err(NotATag::Empty);
        }
        if chars > TAG_MAX_CHARS {
            return Err(NotATag::TooLong(chars));
        }
        if let Some(at) = text.chars().position(char::is_control) {
            return Err(NotATag::ControlCharacter(at));
        }
        if text.trim().len() != text.len() {
            return Err(NotATag::SurroundingSpace);
        }
        Ok(Self(text.into()))
    }

    /// The tag's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text without regard to case. Whether Defender tells `VIP` from `vip` is documented nowhere, so
    /// the order of changes is kept between tags that differ by case alone.
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_of_200_characters_is_read_whatever_their_bytes() {
        assert!(Tag::parse(&"ü".repeat(200)).is_ok());
    }

    #[test]
    fn a_text_that_is_no_tag_says_why() {
        assert_eq!(Tag::parse(""), Err(NotATag::Empty));
        assert_eq!(Tag::parse(&"x".repeat(201)), Err(NotATag::TooLong(201)));
        assert_eq!(Tag::parse("a\nb"), Err(NotATag::ControlCharacter(1)));
        assert_eq!(Tag::parse(" a"), Err(NotATag::SurroundingSpace));
    }
}
