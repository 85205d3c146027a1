//! Shared secrets: bearer, a header of one's own, Basic, and a token in the path.
//!
//! Invariant: keys are compared in constant time through a digest that hides their length.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderName;
use http::header::AUTHORIZATION;
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::{Arrived, Authenticity, Keys, NotVerified, only};

/// Where a shared secret comes along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inbound) enum Carrier {
    /// `Authorization: Bearer <secret>`.
    Bearer,
    /// A header of the sender's choice.
    Header(HeaderName),
    /// `Authorization: Basic <base64 of the secret>`; the secret is `user:password`.
    Basic,
    /// The last segment of the path, for senders that can be given nothing but an address.
    PathToken,
}

impl Carrier {
    pub(in crate::inbound) fn prove(
        &self,
        arrived: Arrived<'_>,
        keys: &Keys,
    ) -> Result<Authenticity, NotVerified> {
        let carried = self.carried(arrived)?;
        if opens(&carried, keys) { Ok(Authenticity::SharedSecret) } else { Err(NotVerified::WrongSecret) }
    }

    fn carried(&self, arrived: Arrived<'_>) -> Result<Vec<u8>, NotVerified> {
        match self {
            Self::Bearer => Ok(authorization(arrived, "bearer")?.into()),
            Self::Header(name) => Ok(only(arrived.headers, name)?.into()),
            Self::Basic => STANDARD
                .decode(authorization(arrived, "basic")?)
                .map_err(|_| NotVerified::Unclear(AUTHORIZATION)),
            Self::PathToken => Ok(arrived.path_token.ok_or(NotVerified::NoPathToken)?.into()),
        }
    }
}

/// What follows the scheme's name in the header `Authorization`.
fn authorization<'a>(arrived: Arrived<'a>, scheme: &str) -> Result<&'a str, NotVerified> {
    let (name, credentials) = only(arrived.headers, &AUTHORIZATION)?.split_once(' ').unwrap_or_default();
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
