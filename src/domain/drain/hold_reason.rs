//! Why the drain does not run for a while.
//!
//! Invariant: a reason is written to the table and shown as one text, the code and then the detail. Reading that
//! text and writing it again gives the same text, also if a different version of the relay wrote it.

use std::fmt;

use crate::domain::{Priority, Timestamp};

/// Keeps the drain from running for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hold {
    /// Until when.
    pub until: Timestamp,
    /// Whether only routine requests are held.
    pub routine_only: bool,
    /// What holds the drain up.
    pub reason: HoldReason,
    /// Holds in a row without an answer of Defender between them.
    pub in_a_row: u32,
}

impl Hold {
    /// Whether it stops requests of this class at that moment.
    pub fn stops(&self, class: Priority, moment: Timestamp) -> bool {
        self.until > moment && (!self.routine_only || class == Priority::Routine)
    }

    /// Whether a failure outside keeps something from being sent. Batches that gather and an exhausted budget are not
    /// failures.
    pub fn is_failure(&self) -> bool {
        !matches!(self.reason.code, HoldCode::Gathering | HoldCode::BudgetSpent)
    }
}

/// What holds the drain up: a code for programs and a detail for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HoldReason {
    code: HoldCode,
    detail: Option<String>,
}

/// The kinds of reasons.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HoldCode {
    /// Batches gather so that their calls are fuller.
    Gathering,
    /// The call budget is exhausted.
    BudgetSpent,
    /// Defender answered 429.
    PauseAsked,
    /// Defender does not accept the token.
    TokenRefused,
    /// The app lacks the permission.
    PermissionMissing,
    /// Entra gives no token.
    NoToken,
    /// Defender gives no usable answer.
    DefenderUnavailable,
    /// A different version of the relay wrote the reason.
    Unknown,
}

impl HoldCode {
    const KNOWN: [Self; 7] = [
        Self::Gathering,
        Self::BudgetSpent,
        Self::PauseAsked,
        Self::TokenRefused,
        Self::PermissionMissing,
        Self::NoToken,
        Self::DefenderUnavailable,
    ];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Gathering => "gathering",
            Self::BudgetSpent => "budget_spent",
            Self::PauseAsked => "defender_asked_for_a_pause",
            Self::TokenRefused => "token_refused",
            Self::PermissionMissing => "permission_missing",
            Self::NoToken => "no_token",
            Self::DefenderUnavailable => "defender_unavailable",
            Self::Unknown => "",
        }
    }
}

impl HoldReason {
    /// A reason that needs no detail.
    pub const fn plain(code: HoldCode) -> Self {
        Self { code, detail: None }
    }

    /// A reason with a text for people.
    pub fn detailed(code: HoldCode, detail: impl Into<String>) -> Self {
        Self { code, detail: Some(detail.into()) }
    }

    /// Reads the text of a reason. A text without a known code is kept whole.
    pub fn parse(text: &str) -> Self {
        let (word, detail) = match text.split_once(": ") {
            Some((word, detail)) => (word, Some(detail.to_owned())),
            None => (text, None),
        };
        match HoldCode::KNOWN.into_iter().find(|code| code.as_str() == word) {
            Some(code) => Self { code, detail },
            None => Self::detailed(HoldCode::Unknown, text),
        }
    }
}

impl fmt::Display for HoldReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.code, &self.detail) {
            (code, None) => f.write_str(code.as_str()),
            (HoldCode::Unknown, Some(text)) => f.write_str(text),
            (code, Some(detail)) => write!(f, "{}: {detail}", code.as_str()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hold(routine_only: bool, reason: &str) -> Hold {
        Hold { until: Timestamp::default(), routine_only, reason: HoldReason::parse(reason), in_a_row: 0 }
    }

    #[test]
    fn neither_the_pace_nor_the_budget_is_a_failure() {
        assert!(hold(false, "defender_unavailable: status 503").is_failure());
        assert!(hold(true, "defender_unavailable: status 503").is_failure(), "where only routine work waits");
        assert!(!hold(true, "gathering").is_failure());
        assert!(!hold(true, "budget_spent").is_failure() && !hold(false, "budget_spent").is_failure());
    }

    #[test]
    fn a_reason_is_written_as_it_was_read() {
        let newer = ["", "of_a_newer_version", "of_a_newer_version: detail", ": ", "Gathering", "no_token:x"];
        for text in newer {
            assert_eq!(HoldReason::parse(text), HoldReason::detailed(HoldCode::Unknown, text));
            assert_eq!(HoldReason::parse(text).to_string(), text);
        }
        for code in HoldCode::KNOWN {
            for detail in [None, Some(String::new()), Some("a: b".to_owned())] {
                let reason = HoldReason { code, detail };
                assert_eq!(HoldReason::parse(&reason.to_string()), reason);
            }
        }
    }
}
