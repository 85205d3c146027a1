//! Faults wait in a queue; each call takes the oldest one, in order of arrival.

use serde::{Deserialize, Serialize};

/// What happens to one tagging call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// This status and nothing applied; without a body, an error of Defender's shape.
    Status {
        /// HTTP status.
        status: u16,
        /// Seconds for `Retry-After`.
        #[serde(default)]
        retry_after_s: Option<u64>,
        /// The body as it stands.
        #[serde(default)]
        body: Option<String>,
    },
    /// 429 `TooManyRequests`, whatever room there is.
    TooManyRequests {
        /// Seconds for `Retry-After`; none leaves the header out.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// The connection is reset without an answer.
    Reset {
        /// Whether the tags were set before.
        applied: bool,
    },
    /// Handled as usual, answered late.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// Applied, but the 200 carries HTML.
    NotJson,
    /// Applied, but the connection ends in the middle of the 200's body.
    Truncated,
    /// Applied, but the 200 lists no machine.
    Unlisted,
    /// 401, whatever the token.
    WrongToken,
    /// 404 `ResourceNotFound` naming no machine, nothing applied.
    NotFoundOnce,
}

/// What happens to one token request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fault", rename_all = "snake_case", deny_unknown_fields)]
pub enum TokenFault {
    /// An error of Entra's shape.
    Status {
        /// HTTP status.
        status: u16,
        /// OAuth's `error`, such as `invalid_client`.
        error: String,
        /// The AADSTS number.
        aadsts: u32,
        /// Seconds for `Retry-After`.
        #[serde(default)]
        retry_after_s: Option<u64>,
    },
    /// Handled as usual, answered late.
    Slow {
        /// Milliseconds.
        ms: u64,
    },
    /// A 200 that carries HTML.
    NotJson,
    /// The connection is reset without an answer.
    Reset,
}
