//! What a request's proof is worth: whether its content is signed, and when that was.

use crate::domain::Timestamp;

/// Seconds a signed time may be from the relay's clock, either way. Source: Standard Webhooks, "Verifying
/// webhook authenticity", and the tolerance of its libraries.
pub const SIGNED_TIME_WITHIN_S: i64 = 300;

/// That a source's scheme is satisfied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Authenticity {
    /// The key came along: whoever has a copy of the request has the key.
    SharedSecret,
    /// The key signed the content: a copy of the request can be sent again, but nothing else.
    Signature {
        /// The SHA-256 of what was signed.
        digest: [u8; 32],
        /// The delivery's id, if it is signed.
        id: Option<String>,
        /// Whether a fresh time was signed as well.
        dated: bool,
    },
}

impl Authenticity {
    /// Whether what came is signed.
    pub const fn is_signature(&self) -> bool {
        matches!(self, Self::Signature { .. })
    }
}

/// Whether a signed time is near enough to now. To be asked only once the signature is known to be right.
pub(super) const fn is_fresh(second: i64, now: Timestamp) -> bool {
    now.second().saturating_sub(second).saturating_abs() <= SIGNED_TIME_WITHIN_S
}
