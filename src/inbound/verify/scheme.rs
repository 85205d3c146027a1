//! Schemes: the ways a source proves who it is.

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::authenticity::Authenticity;
use super::hmac::Signature;
use super::keys::{KEYS_MAX, Keys};
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

    /// Reads the keys of this scheme. The error never holds one.
    pub(in crate::inbound) fn keys(&self, secrets: &[SecretString]) -> Result<Keys, String> {
        if !(1..=KEYS_MAX).contains(&secrets.len()) {
            return Err(format!("verify.secrets has 1 to {KEYS_MAX} secrets"));
        }
        let keys = secrets.iter().map(|secret| self.key(secret.expose_secret()).map(SecretSlice::from));
        Ok(Keys::new(keys.collect::<Result<Vec<_>, _>>()?))
    }

    /// The key in a secret, if it can open anything.
    fn key(&self, secret: &str) -> Result<Vec<u8>, String> {
        if secret.trim().is_empty() {
            return Err("verify.secrets has an empty secret".into());
        }
        if secret.trim().len() != secret.len() {
            return Err("verify.secrets: a secret neither begins nor ends with white space".into());
        }
        match self {
            Self::SharedSecret(carrier) => carrier.key(secret),
            Self::StandardWebhooks => standard_webhooks::key(secret),
            Self::Hmac(_) => Ok(secret.into()),
        }
    }
}
