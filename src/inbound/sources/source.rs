//! One source: a system that may send requests.

use std::collections::HashMap;

use sha2::{Digest, Sha256};

use super::keyring::Keyring;
use crate::domain::{Priority, SourceName, TenantName};
use crate::inbound::allow::Policy;
use crate::inbound::read::BodyFormat;
use crate::inbound::verify::{Carrier, Keys, Scheme};

/// A system that may send requests.
#[derive(Debug)]
pub struct Source {
    /// Its name.
    pub name: SourceName,
    /// Whose machines it asks for; none where there is only one tenant.
    pub tenant: Option<TenantName>,
    /// What it proves it with.
    pub keyring: Keyring,
    /// How its webhooks are read.
    pub(in crate::inbound) body_format: BodyFormat,
    /// What it may do.
    pub policy: Policy,
    /// The class of its requests.
    pub priority: Priority,
    /// What becomes of a webhook that can never succeed.
    pub on_bad_payload: OnBadPayload,
    /// Milliseconds a webhook waits for its outcome.
    pub wait_ms: u32,
}

/// What becomes of a verified webhook that can never succeed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnBadPayload {
    /// It is refused.
    Refuse,
    /// It is accepted as unfit, and why is kept: its sender would give up on the relay otherwise.
    Accept,
}

impl Source {
    /// Whether it proves itself with a bearer key, as native requests do.
    pub const fn is_bearer(&self) -> bool {
        matches!(self.keyring.scheme(), Scheme::SharedSecret(Carrier::Bearer))
    }
}

/// A bearer key that is used twice.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("one of its bearer keys is used twice, by \"{other}\" too")]
pub(super) struct SharedKey {
    /// Which source has it, counted from 0.
    pub(super) at: usize,
    /// The source that has it before.
    other: SourceName,
}

/// Each bearer key that another source has too, or that is there twice. A bearer key alone says who calls.
pub(super) fn shared_bearer_keys<'a>(sources: impl Iterator<Item = &'a Source>) -> Vec<SharedKey> {
    let mut owners = HashMap::new();
    let mut shared = Vec::new();
    for (at, source) in sources.enumerate().filter(|(_, source)| source.is_bearer()) {
        for key in source.keyring.live().iter().flat_map(Keys::iter) {
            if let Some(other) = owners.insert(Sha256::digest(key), &source.name) {
                shared.push(SharedKey { at, other: other.clone() });
            }
        }
    }
    shared
}
