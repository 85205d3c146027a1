//! Schemes: the ways a source proves who it is.
//!
//! Invariant: an `Authenticity` exists only for a request that one of the source's keys opens or has signed. Every key
//! is tried and every comparison takes the same time, whatever it finds.

mod hmac;
mod parse;
mod shared_secret;
mod standard_webhooks;
#[cfg(test)]
mod tests;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::keys::Keys;
use super::verify::NotVerified;
use crate::domain::Timestamp;

pub(super) use hmac::Signature;
pub(super) use parse::{WireVerify, scheme};
pub(super) use shared_secret::Carrier;

/// Seconds a signed time may be from the relay's clock, either way. Source: Standard Webhooks, "Verifying
/// webhook authenticity", and the tolerance of its libraries.
pub const SIGNED_TIME_WITHIN_S: i64 = 300;

/// A way a source proves who it is.
#[derive(Debug)]
pub(super) enum Scheme {
    /// The key itself comes along. It proves who sends, and nothing about what.
    SharedSecret(Carrier),
    /// An HMAC of the body, of which each sender has its own form.
    Hmac(Signature),
    /// Standard Webhooks, version 1, symmetric.
    StandardWebhooks,
}

/// What arrived, as the schemes see it.
#[derive(Clone, Copy)]
pub(super) struct Arrived<'a> {
    pub(super) headers: &'a HeaderMap,
    pub(super) body: &'a Bytes,
    pub(super) path_token: Option<&'a str>,
}

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

impl Scheme {
    /// Looks for proof in what arrived.
    pub(super) fn prove(
        &self,
        arrived: Arrived<'_>,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Authenticity, NotVerified> {
        match self {
            Self::SharedSecret(carrier) => carrier.prove(arrived, keys),
            Self::Hmac(signature) => signature.prove(arrived, keys, now),
            Self::StandardWebhooks => standard_webhooks::prove(arrived, keys, now),
        }
    }
}

/// The text of a header that is there once.
fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, NotVerified> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| NotVerified::Missing(name.clone()))?;
    if values.next().is_some() {
        return Err(NotVerified::Unclear(name.clone()));
    }
    value.to_str().map_err(|_| NotVerified::Unclear(name.clone()))
}

/// Whether a signed time is near enough to now. Looked at only once its signature is known to be right.
fn is_fresh(second: i64, now: Timestamp) -> Result<(), NotVerified> {
    let apart = now.second().saturating_sub(second).saturating_abs();
    if apart <= SIGNED_TIME_WITHIN_S { Ok(()) } else { Err(NotVerified::Stale) }
}
