//! The key that distinguishes one delivery from others, so that each is accepted once.
//!
//! Invariant: a delivery's key comes from what its signature covers. Anybody who captured the request could change a
//! header that is not signed, so `Idempotency-Key` counts only where the request carries the source's key itself.

use super::read::Contents;
use super::verified::Verified;
use super::verify::{Authenticity, SIGNED_TIME_WITHIN_S};

/// The key that distinguishes one delivery from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryKey {
    key: Option<String>,
    /// Seconds for which a copy of it would still be verified and read. None means for ever.
    fresh_for_s: Option<i64>,
    signed: bool,
}

impl DeliveryKey {
    /// The key of this delivery. `sent_key` is its header `Idempotency-Key`.
    pub fn of(verified: &Verified, read: &Contents, sent_key: Option<&str>) -> Self {
        let event_id = read.event_id.as_ref().map(|id| format!("event {}", id.as_str()));
        match verified.proof() {
            Authenticity::SharedSecret => {
                Self { key: sent_key.map(str::to_owned).or(event_id), fresh_for_s: None, signed: false }
            }
            Authenticity::Signature { digest, id, dated } => {
                let delivery_id = id.as_ref().map(|id| format!("delivery {id}"));
                let digest = || format!("digest {}", hex::encode(digest));
                let key = delivery_id.or(event_id).unwrap_or_else(digest);
                let by_signature = dated.then_some(2 * SIGNED_TIME_WITHIN_S);
                Self { key: Some(key), fresh_for_s: by_signature.or(read.fresh_for_s), signed: true }
            }
        }
    }

    /// The idempotency key of the request at this place of the delivery, if the delivery has one.
    pub fn key(&self, place: usize) -> Option<String> {
        let key = self.key.as_ref()?;
        Some(if place == 0 { key.clone() } else { format!("{key}#{place}") })
    }

    /// The key of a signed delivery, if a copy of it could still be accepted after so many seconds.
    /// An attacker with a copy of an unsigned delivery has the source's key itself, and needs no copy.
    pub fn key_if_fresh_after(&self, seconds: i64) -> Option<&str> {
        let fresh = self.signed && self.fresh_for_s.is_none_or(|fresh_for_s| fresh_for_s >= seconds);
        self.key.as_deref().filter(|_| fresh)
    }
}
