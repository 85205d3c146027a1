//! Standard Webhooks: `webhook-id`, `webhook-timestamp` and `webhook-signature: v1,<base64> v1,<base64>`, an
//! HMAC-SHA256 over `id.timestamp.body`. Source: standardwebhooks.com, specification 1.0.0.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;

use super::authenticity::{Authenticity, is_fresh};
use super::hmac::{SIGNATURES_MAX, digest, is_signed};
use super::keys::{KeyError, Keys};
use super::unverified::{NotVerified, Unverified, only};
use crate::domain::Timestamp;

const ID: HeaderName = HeaderName::from_static("webhook-id");
const TIME: HeaderName = HeaderName::from_static("webhook-timestamp");
const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");
/// What a secret begins with; the base64 of the key follows.
const SECRET_PREFIX: &str = "whsec_";
/// Bytes a key has. Source: specification, "Signature scheme": between 24 and 64.
const KEY_BYTES: std::ops::RangeInclusive<usize> = 24..=64;
/// Characters an id may have.
const ID_MAX_CHARS: usize = 256;

pub(super) fn prove(
    unverified: &Unverified,
    keys: &Keys,
    now: Timestamp,
) -> Result<Authenticity, NotVerified> {
    let id = only(&unverified.headers, &ID)?;
    let time = only(&unverified.headers, &TIME)?;
    let signatures = only(&unverified.headers, &SIGNATURE)?;
    let digits = !time.is_empty() && time.bytes().all(|byte| byte.is_ascii_digit());
    let second: i64 = time.parse().ok().filter(|_| digits).ok_or(NotVerified::Unclear(TIME))?;
    if !(1..=ID_MAX_CHARS).contains(&id.len()) {
        return Err(NotVerified::Unclear(ID));
    }
    let signatures: Vec<_> = signatures.split(' ').take(SIGNATURES_MAX + 1).collect();
    if signatures.len() > SIGNATURES_MAX {
        return Err(NotVerified::Unclear(SIGNATURE));
    }
    let of_this_version = |one: &&str| one.strip_prefix("v1,").and_then(|text| STANDARD.decode(text).ok());
    let signatures: Vec<_> = signatures.iter().filter_map(of_this_version).collect();
    let before = format!("{id}.{time}.");
    let signed = [before.as_bytes(), &unverified.body];
    if !is_signed(&signed, &signatures, keys) {
        return Err(NotVerified::WrongSignature);
    }
    if !is_fresh(second, now) {
        return Err(NotVerified::Stale);
    }
    Ok(Authenticity::Signature { digest: digest(&signed), id: Some(id.to_owned()), dated: true })
}

/// The key in a secret.
pub(super) fn key(secret: &str) -> Result<Vec<u8>, KeyError> {
    let text = secret.strip_prefix(SECRET_PREFIX).ok_or(KeyError::NotStandard)?;
    STANDARD.decode(text).ok().filter(|key| KEY_BYTES.contains(&key.len())).ok_or(KeyError::NotStandard)
}
