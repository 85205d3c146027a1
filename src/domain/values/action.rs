//! What is done with a tag.

use std::fmt;

/// What is done with a tag, in Defender's own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Action {
    /// Set the tag.
    Add,
    /// Remove the tag.
    Remove,
}

/// The text is neither `Add` nor `Remove`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be exactly `Add` or `Remove` (case-sensitive)")]
pub struct NotAnAction;

impl Action {
    /// Reads `Add` or `Remove`.
    pub fn parse(text: &str) -> Result<Self, NotAnAction> {
        match text {
            "Add" => Ok(Self::Add),
            "Remove" => Ok(Self::Remove),
            _ => Err(NotAnAction),
        }
    }

    /// `Add` or `Remove`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Add => "Add",
            Self::Remove => "Remove",
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn actions_are_read_in_defenders_own_spelling_only() {
        assert_eq!(Action::parse("Add"), Ok(Action::Add));
        assert_eq!(Action::parse("remove"), Err(NotAnAction));
    }
}
