//! HMAC-SHA256 over the raw body, in the forms that senders give it.
//!
//! Invariant: signatures are compared as bytes, in constant time, each with the code of each key. At most
//! [`SIGNATURES_MAX`] of them are looked at.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderName;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::authenticity::{Authenticity, is_fresh};
use super::keys::Keys;
use super::unverified::{NotVerified, Unverified, only};
use crate::domain::Timestamp;

/// Signatures a request may carry: two keys of the sender, and room to spare.
pub(super) const SIGNATURES_MAX: usize = 8;
/// Times from here on are milliseconds: as seconds they would lie in the year 5138.
const MILLISECONDS_FROM: i64 = 100_000_000_000;

/// How a sender writes its HMAC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inbound) struct Signature {
    /// The header the signature is in.
    pub(super) header: HeaderName,
    /// What stands before it.
    pub(super) prefix: String,
    /// How its bytes are written.
    pub(super) encoding: Encoding,
    /// Whether the header may hold several, with commas between.
    pub(super) several: bool,
    /// The header of the signed time and what stands between it and the body.
    pub(super) time: Option<(HeaderName, char)>,
}

/// How a signature's bytes are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inbound) enum Encoding {
    /// Hexadecimal digits of either case.
    Hex,
    /// Base64 with padding.
    Base64,
}

impl Signature {
    pub(super) fn prove(
        &self,
        unverified: &Unverified,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Authenticity, NotVerified> {
        let signatures = self.signatures(unverified)?;
        let time = self.time.as_ref().map(|(header, between)| {
            let text = only(&unverified.headers, header)?;
            let second = second(text).ok_or_else(|| NotVerified::Unclear(header.clone()))?;
            Ok((second, format!("{text}{between}")))
        });
        let time = time.transpose()?;
        let before = time.as_ref().map_or("", |(_, before)| before.as_str());
        let signed = [before.as_bytes(), &unverified.body];
        if !is_signed(&signed, &signatures, keys) {
            return Err(NotVerified::WrongSignature);
        }
        if time.as_ref().is_some_and(|(second, _)| !is_fresh(*second, now)) {
            return Err(NotVerified::Stale);
        }
        Ok(Authenticity::Signature { digest: digest(&signed), id: None, dated: self.time.is_some() })
    }

    fn signatures(&self, unverified: &Unverified) -> Result<Vec<Vec<u8>>, NotVerified> {
        let text = only(&unverified.headers, &self.header)?;
        let unclear = || NotVerified::Unclear(self.header.clone());
        if !self.several {
            return self.decode(text).map(|one| vec![one]).ok_or_else(unclear);
        }
        let several: Vec<_> = text.split(',').collect();
        if several.len() > SIGNATURES_MAX {
            return Err(unclear());
        }
        // Signatures of another version stand beside those of this one.
        let known: Vec<_> = several.into_iter().filter_map(|one| self.decode(one.trim())).collect();
        if known.is_empty() { Err(unclear()) } else { Ok(known) }
    }

    fn decode(&self, text: &str) -> Option<Vec<u8>> {
        let text = text.strip_prefix(&self.prefix)?;
        match self.encoding {
            Encoding::Hex => hex::decode(text).ok(),
            Encoding::Base64 => STANDARD.decode(text).ok(),
        }
    }
}

/// The second of a time in seconds or milliseconds since the Unix epoch.
fn second(text: &str) -> Option<i64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let number: i64 = text.parse().ok().filter(|_| digits)?;
    Some(if number >= MILLISECONDS_FROM { number / 1000 } else { number })
}

/// Whether one of the keys made one of the signatures over these pieces, one after the other.
pub(super) fn is_signed(pieces: &[&[u8]], signatures: &[Vec<u8>], keys: &Keys) -> bool {
    let mut found = Choice::from(0);
    for key in keys.iter() {
        let Ok(mut code) = Hmac::<Sha256>::new_from_slice(key) else { continue };
        for piece in pieces {
            code.update(piece);
        }
        let code = code.finalize().into_bytes();
        for signature in signatures {
            found |= code.as_slice().ct_eq(signature);
        }
    }
    found.into()
}

/// The SHA-256 of these pieces, one after the other.
pub(super) fn digest(pieces: &[&[u8]]) -> [u8; 32] {
    let mut digest = Sha256::new();
    for piece in pieces {
        digest.update(piece);
    }
    digest.finalize().into()
}
