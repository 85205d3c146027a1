//! What became of a change on one machine.
//!
//! Invariant: every outcome but `Pending` is final.

use std::sync::Arc;

/// What became of a change on one machine.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// Not done yet: the request is in the backlog.
    Pending,
    /// Defender listed the machine in its 200.
    Applied,
    /// A later request asked for the opposite.
    Superseded,
    /// Defender does not know the machine.
    UnknownMachine,
    /// Defender refuses the change; the text has its code and correlation id.
    Rejected(Arc<str>),
    /// Defender answered 200 twice without listing the machine.
    Unconfirmed,
    /// Not done within the time a request may wait.
    Expired,
}

impl Outcome {
    /// The outcome's name in answers and logs.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Applied => "applied",
            Self::Superseded => "superseded",
            Self::UnknownMachine => "unknown_machine",
            Self::Rejected(_) => "rejected",
            Self::Unconfirmed => "unconfirmed",
            Self::Expired => "expired",
        }
    }

    /// Why, where there is more to say than the name.
    pub fn detail(&self) -> Option<&str> {
        match self {
            Self::Rejected(detail) => Some(detail),
            _ => None,
        }
    }

    /// Whether sending the change again may end better.
    pub const fn has_failed(&self) -> bool {
        matches!(self, Self::Rejected(_) | Self::Expired | Self::Unconfirmed)
    }

    /// Whether nothing more will happen by itself.
    pub const fn is_final(&self) -> bool {
        !matches!(self, Self::Pending)
    }
}
