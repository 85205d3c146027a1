//! The name of a source: a system that may send requests.
//!
//! Invariant: 1 to 64 of `a-z`, `0-9`, `-` and `_`, so that a name is safe in a path, a key and a log.

use std::fmt;
use std::sync::Arc;

/// Characters a source's name may have.
pub const SOURCE_NAME_MAX_CHARS: usize = 64;

/// The name of a source. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceName(Arc<str>);

/// The text is not a source's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a source's name is 1 to {SOURCE_NAME_MAX_CHARS} of a-z, 0-9, `-` and `_`")]
pub struct NotASourceName;

impl SourceName {
    /// Reads a source's name.
    pub fn parse(text: &str) -> Result<Self, NotASourceName> {
        let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
        if (1..=SOURCE_NAME_MAX_CHARS).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(NotASourceName)
        }
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SourceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_safe_in_a_path() {
        assert!(SourceName::parse("splunk-prod_2").is_ok());
        for bad in ["", "Splunk", "a/b", "a b", "é", &"x".repeat(65)] {
            assert_eq!(SourceName::parse(bad), Err(NotASourceName), "{bad}");
        }
    }
}
