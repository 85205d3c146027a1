//! Shared secrets: bearer, a header of the sender's choice, Basic, and a token in the path.
//!
//! Invariant: keys are compared in constant time through a digest that hides their length.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::authenticity::Authenticity;
use super::keys::{KeyError, Keys, SECRET_MIN_CHARS};
use super::unverified::{NotVerified, Unverified, only};

/// Where a request carries its shared secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inbound) enum Carrier {
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// A header of the sender's choice.
    Header(HeaderName),
    /// `Authorization: Basic <base64 of the secret>`; the secret is `user:password`.
    Basic,
    /// The last segment of the path, for senders that can only be given an address.
    PathToken,
}

impl Carrier {
    pub(in crate::inbound) fn prove(
        &self,
        unverified: &Unverified,
        keys: &Keys,
    ) -> Result<Authenticity, NotVerified> {
        let carried = self.carried(unverified)?;
        if opens(&carried, keys) { Ok(Authenticity::SharedSecret) } else { Err(NotVerified::WrongSecret) }
    }

    /// The key in a secret, if a request can carry it in this way.
    pub(super) fn key(&self, secret: &str) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Bearer | Self::Header(_) if !fits_a_header(secret) => Err(KeyError::NotForAHeader),
            Self::Basic if !secret.contains(':') => Err(KeyError::NotBasic),
            Self::PathToken if !is_path_token(secret) => Err(KeyError::NotAPathToken),
            _ => Ok(secret.into()),
        }
    }

    fn carried(&self, unverified: &Unverified) -> Result<Vec<u8>, NotVerified> {
        match self {
            Self::Bearer => Ok(authorization(unverified, "bearer")?.into()),
            Self::Header(name) => Ok(only(&unverified.headers, name)?.into()),
            Self::Basic => STANDARD
                .decode(authorization(unverified, "basic")?)
                .map_err(|_| NotVerified::Unclear(AUTHORIZATION)),
            Self::PathToken => Ok(unverified.path_token.as_deref().ok_or(NotVerified::NoPathToken)?.into()),
        }
    }
}

/// What follows the scheme's name in the header `Authorization`.
fn authorization<'a>(unverified: &'a Unverified, scheme: &str) -> Result<&'a str, NotVerified> {
    let (name, credentials) = only(&unverified.headers, &AUTHORIZATION)?.split_once(' ').unwrap_or_default();
    let credentials = credentials.trim();
    let good = name.eq_ignore_ascii_case(scheme) && !credentials.is_empty();
    good.then_some(credentials).ok_or(NotVerified::Missing(AUTHORIZATION))
}

fn opens(carried: &[u8], keys: &Keys) -> bool {
    let digest = Sha256::digest(carried);
    let found = keys
        .iter()
        .fold(Choice::from(0), |found, key| found | Sha256::digest(key).as_slice().ct_eq(digest.as_slice()));
    found.into()
}

fn fits_a_header(secret: &str) -> bool {
    secret.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn is_path_token(secret: &str) -> bool {
    let safe = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    secret.len() >= SECRET_MIN_CHARS && secret.bytes().all(safe)
}
