//! The keys of one source, and where they come from.

use std::sync::{PoisonError, RwLock};

use crate::domain::SecretArn;
use crate::inbound::verify::Keys;

/// A source's keys and where they come from.
#[derive(Debug)]
pub struct Keyring {
    /// The ARN of the secret that holds them; none if they stand in the configuration.
    arn: Option<SecretArn>,
    /// None until they are read for the first time.
    live: RwLock<Option<Keys>>,
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
