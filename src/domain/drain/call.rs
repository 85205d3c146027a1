//! What Defender's answer to one call means for the relay.
//!
//! Invariant: an answer is either a verdict on machines of the call, or an error that says nothing about them.

use std::fmt;
use std::sync::Arc;

use crate::domain::MachineId;

/// The result of one call.
pub type CallResult = Result<Verdict, CallError>;

/// What Defender decided about the machines of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 200: these machines of the call are listed.
    Listed(Vec<MachineId>),
    /// Refused: these machines of the call do not exist. Nothing was changed.
    Unknown(Vec<MachineId>),
    /// Refused because of these machines of the call. Nothing was changed.
    NamedRefused(Vec<MachineId>, Refusal),
    /// 404 that names no machine of the call. Nothing was changed.
    NotFound(Refusal),
    /// Refused without naming a machine of the call. Nothing was changed.
    Refused(Refusal),
}

impl Verdict {
    /// A word for the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Listed(_) => "listed",
            Self::Unknown(_) => "unknown",
            Self::NamedRefused(..) => "named_refused",
            Self::NotFound(_) => "not_found",
            Self::Refused(_) => "refused",
        }
    }
}

/// Why a call says nothing of its machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallError {
    /// 401: Defender does not accept the token.
    TokenRefused(Refusal),
    /// 403: the app lacks the permission.
    Forbidden(Refusal),
    /// 429: the budget is spent, possibly by another program that uses the app.
    Throttled {
        /// Seconds Defender asks to wait.
        retry_after_s: Option<u64>,
    },
    /// No usable answer.
    Unavailable {
        /// What happened, for the log.
        why: String,
        /// Whether Defender may still carry out the call.
        may_still_apply: bool,
        /// Seconds Defender asks to wait.
        retry_after_s: Option<u64>,
    },
    /// There is no token for the call.
    NoToken {
        /// What happened and what to do, for the operator.
        why: String,
    },
}

impl CallError {
    /// A word for the log.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TokenRefused(_) => "token_refused",
            Self::Forbidden(_) => "forbidden",
            Self::Throttled { .. } => "throttled",
            Self::Unavailable { .. } => "unavailable",
            Self::NoToken { .. } => "no_token",
        }
    }
}

/// How Defender words a refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// `error.code`, or a word for its absence.
    pub code: String,
    /// `error.target`: the correlation id, to be given to Microsoft's support.
    pub correlation_id: Option<String>,
}

impl Refusal {
    /// The text of a rejected machine's outcome.
    pub fn detail(&self) -> Arc<str> {
        self.to_string().into()
    }

    /// The text of the outcome of a machine that was not refused itself: Defender refused the tag.
    pub fn tag_detail(&self) -> Arc<str> {
        format!("{self}; Defender refused the tag for other machines of this request").into()
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, self.code)?;
        match &self.correlation_id {
            Some(id) => write!(f, ", correlation id {id}"),
            None => Ok(()),
        }
    }
}
