//! Schemes: the ways a source proves who it is.

use secrecy::{ExposeSecret, SecretString};

use super::authenticity::Authenticity;
use super::hmac::Signature;
use super::keys::{KEYS_MAX, Key, KeyError, Keys, WeakSecret, check_secret};
use super::shared_secret::Carrier;
use super::standard_webhooks;
use super::unverified::{NotVerified, Unverified};
use crate::domain::Timestamp;

/// A way a source proves who it is.
#[derive(Debug)]
pub(in crate::inbound) enum Scheme {
    /// The key itself comes along. It proves who sends, and nothing about what.
    SharedSecret(Carrier),
    /// An HMAC of the body, of which each sender has its own form.
    Hmac(Signature),
    /// Standard Webhooks, version 1, symmetric.
    StandardWebhooks,
}

impl Scheme {
    /// Looks for proof in what arrived.
    pub(in crate::inbound) fn prove(
        &self,
        unverified: &Unverified,
        keys: &Keys,
        now: Timestamp,
    ) -> Result<Authenticity, NotVerified> {
        match self {
            Self::SharedSecret(carrier) => carrier.prove(unverified, keys),
            Self::Hmac(signature) => signature.prove(unverified, keys, now),
            Self::StandardWebhooks => standard_webhooks::prove(unverified, keys, now),
        }
    }

    /// Reads the keys of this scheme.
    pub(in crate::inbound) fn keys(
        &self,
        secrets: &[SecretString],
        weak: WeakSecret,
    ) -> Result<Keys, KeyError> {
        if !(1..=KEYS_MAX).contains(&secrets.len()) {
            return Err(KeyError::WrongCount);
        }
        let keys = secrets.iter().map(|secret| self.key(secret.expose_secret(), weak));
        Ok(Keys::new(keys.collect::<Result<_, _>>()?))
    }

    /// The key in a secret, if it can open anything and nobody can guess it.
    pub(super) fn key(&self, secret: &str, weak: WeakSecret) -> Result<Key, KeyError> {
        check_secret(secret)?;
        let key = match self {
            Self::SharedSecret(carrier) => carrier.key(secret)?,
            Self::StandardWebhooks => standard_webhooks::key(secret)?,
            Self::Hmac(_) => secret.into(),
        };
        weak.check(secret, self.unknown_part(secret))?;
        Ok(key.into())
    }

    /// The part of a secret that others do not know: of `user:password` the password.
    fn unknown_part<'a>(&self, secret: &'a str) -> &'a str {
        match self {
            Self::SharedSecret(Carrier::Basic) => {
                secret.split_once(':').map_or(secret, |(_, password)| password)
            }
            _ => secret,
        }
    }
}
