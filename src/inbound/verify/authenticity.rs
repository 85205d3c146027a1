//! What a request's proof is worth: whether its content is signed, and when that was.

use crate::domain::Timestamp;

/// Seconds a signed time may be from the relay's clock, either way. Source: Standard Webhooks, "Verifying
/// webhook authenticity", and the tolerance of its libraries.
pub const SIGNED_TIME_WITHIN_S: i64 = 300;

/// Evidence that a request satisfies its source's scheme.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// The request carries the key itself, so a copy of the request contains the key.
    SharedSecret,
    /// The key signed the content. A copy of the request can be sent again, but it cannot be changed.
    Signature {
        /// The SHA-256 of what was signed.
        digest: [u8; 32],
        /// The delivery's id, if it is signed.
        id: Option<String>,
        /// Whether the signature covers a fresh time too.
        dated: bool,
    },
}

impl Authenticity {
    /// Whether the content is signed.
    pub const fn is_signature(&self) -> bool {
        matches!(self, Self::Signature { .. })
    }
}

/// Whether a signed time is near enough to now. To be asked only once the signature is known to be right.
pub(super) const fn is_fresh(second: i64, now: Timestamp) -> bool {
    now.second().saturating_sub(second).saturating_abs() <= SIGNED_TIME_WITHIN_S
}
