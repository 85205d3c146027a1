//! The live keys of a source: what it may prove itself with at this moment.
//!
//! Invariant: a `Keys` holds 1 to [`KEYS_MAX`] keys, each fit for its scheme, and shows none of them.

use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret, SecretSlice, SecretString};

use super::scheme::Scheme;
use crate::domain::SecretArn;

/// Keys a source may have at once: the old, the new, and one to spare.
pub(super) const KEYS_MAX: usize = 3;

/// The keys of a source. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keys(Arc<[SecretSlice<u8>]>);

/// A source's keys and where they come from.
#[derive(Debug)]
pub struct Keyring {
    /// The ARN of the secret that holds them; none if they stand in the configuration.
    arn: Option<SecretArn>,
    /// None until they are read for the first time.
    live: RwLock<Option<Keys>>,
}

impl Keys {
    /// Reads keys for a scheme. The error never holds one.
    pub(super) fn parse(secrets: &[SecretString], scheme: &Scheme) -> Result<Self, String> {
        if !(1..=KEYS_MAX).contains(&secrets.len()) {
            return Err(format!("verify.secrets has 1 to {KEYS_MAX} secrets"));
        }
        let keys = secrets.iter().map(|secret| scheme.key(secret.expose_secret()).map(SecretSlice::from));
        Ok(Self(keys.collect::<Result<Vec<_>, _>>()?.into()))
    }

    /// The bytes of each key.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }
}

impl Keyring {
    pub(super) fn inline(keys: Keys) -> Self {
        Self { arn: None, live: RwLock::new(Some(keys)) }
    }

    pub(super) const fn by_reference(arn: SecretArn) -> Self {
        Self { arn: Some(arn), live: RwLock::new(None) }
    }

    /// The ARN of the secret that holds the keys, if they are not in the configuration.
    pub const fn arn(&self) -> Option<&SecretArn> {
        self.arn.as_ref()
    }

    /// The keys as they are now; none while they could not be read.
    pub fn live(&self) -> Option<Keys> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Takes other keys.
    pub fn replace(&self, keys: Keys) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }
}

/// The secrets in the text of a secret: a JSON list of texts, or one plain text.
pub(super) fn secrets_of(text: &SecretString) -> Result<Vec<SecretString>, String> {
    let text = text.expose_secret().trim();
    if !text.starts_with('[') {
        return Ok(vec![text.into()]);
    }
    serde_json::from_str(text)
        .map_err(|_| "its secret is neither a plain text nor a JSON list of texts".into())
}
