//! The sources: who may call, how they prove it and what they may do.
//!
//! Invariant: no source takes a bearer key that another source has.

mod config;
mod keyring;
mod source;

use std::collections::HashSet;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::verify::Keys;
use crate::aws::{NoSecret, SecretsManager};
use crate::config::{ConfigError, Faults};
use crate::domain::{TenantName, Timestamp};

pub use keyring::Keyring;
pub use source::{OnBadPayload, Source};

/// Sources whose keys are read at once, at the start.
const READ_AT_ONCE: usize = 8;

/// All sources. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sources(Arc<[Arc<Source>]>);

impl Sources {
    /// Reads the sources' configuration.
    pub fn parse(json: &str) -> Result<Self, ConfigError> {
        Self::parse_for(json, None)
    }

    /// Reads the sources' configuration. Each source has to name one of these tenants, if they are known; where there
    /// is only one, a source need not name it.
    pub fn parse_for(json: &str, tenants: Option<&[TenantName]>) -> Result<Self, ConfigError> {
        config::parse_sources(json, tenants).map(|sources| Self(sources.into()))
    }

    /// Reads the keys of every source that has them by reference. A source whose keys cannot be read or used stays
    /// without keys. The relay can start as long as another source has keys, and no two share a bearer key.
    pub async fn read_keys(&self, manager: &SecretsManager, now: Timestamp) -> Result<(), ConfigError> {
        let reads = stream::iter(self.iter()).map(|source| source.keyring.read_first(manager, now));
        let results: Vec<_> = reads.buffered(READ_AT_ONCE).collect().await;
        let failed = self.iter().zip(results).enumerate();
        let failed: Vec<_> =
            failed.filter_map(|(at, (source, result))| Some((at, source, result.err()?))).collect();
        let shared = source::shared_bearer_keys(self.iter().map(AsRef::as_ref));
        if !shared.is_empty() || failed.len() == self.0.len() {
            let faults = Faults::default();
            for key in shared {
                faults.note(format!("{}: verify.secrets_arn", self.place(key.at)), key.to_string());
            }
            for (at, _, error) in failed {
                faults.note(format!("{}: verify.secrets_arn", self.place(at)), error.to_string());
            }
            return faults.unless(None);
        }
        for (_, source, error) in failed {
            tracing::error!(source = %source.name, %error, SecretsFailures = 1, "a source has no keys: what it sends is answered 503");
        }
        Ok(())
    }

    /// Reads a source's keys again if they were read long ago. Where they cannot be read, the old ones stay.
    pub async fn keep_fresh(&self, source: &Source, manager: &SecretsManager, now: Timestamp) {
        source.keyring.keep_fresh(manager, now, |keys| self.belong_to_another(keys, source)).await;
    }

    /// Reads a source's keys again, at most once a minute. An error where they could not be read.
    pub async fn renew(
        &self,
        source: &Source,
        manager: &SecretsManager,
        now: Timestamp,
    ) -> Result<(), NoSecret> {
        source.keyring.renew(manager, now, |keys| self.belong_to_another(keys, source)).await
    }

    /// How a message calls the source at this place.
    fn place(&self, at: usize) -> String {
        let name = self.0.get(at).map(|source| format!(" \"{}\"", source.name));
        format!("sources[{at}]{}", name.unwrap_or_default())
    }

    /// Whether one of these bearer keys is that of a source beside this one.
    fn belong_to_another(&self, keys: &Keys, of: &Source) -> bool {
        let digest = |key: &[u8]| Sha256::digest(key);
        let asked: HashSet<_> = keys.iter().map(digest).collect();
        let mut others = self.iter().filter(|source| source.is_bearer() && source.name != of.name);
        of.is_bearer()
            && others.any(|other| {
                other.keyring.live().iter().flat_map(Keys::iter).any(|key| asked.contains(&digest(key)))
            })
    }

    /// All sources.
    pub fn iter(&self) -> impl Iterator<Item = &Arc<Source>> {
        self.0.iter()
    }

    /// The source of this name.
    pub fn find(&self, name: &str) -> Option<&Arc<Source>> {
        self.iter().find(|source| source.name.as_str() == name)
    }
}
