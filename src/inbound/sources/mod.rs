//! The sources: who may call, how they prove it and what they may do.

mod config;
mod keyring;
mod source;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use sha2::{Digest, Sha256};

use super::verify::Keys;
use crate::aws::{NoSecret, SecretsManager};
use crate::domain::{TenantName, Timestamp};

pub use config::WrongSources;
pub use keyring::Keyring;
pub use source::{OnBadPayload, Source};

/// Sources whose keys are read at once, at the start.
const READ_AT_ONCE: usize = 8;

/// All sources. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Sources(Arc<[Arc<Source>]>);

impl Sources {
    /// Reads the sources' configuration.
    pub fn parse(json: &str) -> Result<Self, WrongSources> {
        let sources = Self(config::parse_sources(json)?.into());
        let faults = sources.shared_keys();
        if faults.is_empty() { Ok(sources) } else { Err(WrongSources(faults)) }
    }

    /// The sources, if each of them names one of these tenants. Where there is only one, none need be named.
    pub fn of_tenants(self, tenants: &[TenantName]) -> Result<Self, WrongSources> {
        let fault = |source: &Arc<Source>| match &source.tenant {
            None if tenants.len() == 1 => None,
            None => Some(format!("source `{}`: tenant is missing, and there are several", source.name)),
            Some(name) if tenants.contains(name) => None,
            Some(name) => Some(format!("source `{}`: there is no tenant `{name}`", source.name)),
        };
        let faults: Vec<_> = self.iter().filter_map(fault).collect();
        if faults.is_empty() { Ok(self) } else { Err(WrongSources(faults)) }
    }

    /// Each source whose bearer key is another's too, or there twice. A bearer key alone says who calls.
    fn shared_keys(&self) -> Vec<String> {
        let (mut owners, mut faults) = (HashMap::new(), Vec::new());
        for source in self.iter().filter(|source| source.is_bearer()) {
            for key in source.keyring.live().iter().flat_map(Keys::iter) {
                if let Some(first) = owners.insert(Sha256::digest(key), &source.name) {
                    let name = &source.name;
                    faults.push(format!(
                        "source `{name}`: one of its bearer keys is used twice, by `{first}` too"
                    ));
                }
            }
        }
        faults
    }

    /// Reads the keys of every source that has them by reference, for the start. A source whose keys cannot be read or
    /// used stays without; the start goes on as long as another one has keys, and none shares a bearer key.
    pub async fn read_keys(&self, manager: &SecretsManager, now: Timestamp) -> Result<(), Vec<String>> {
        let reads = stream::iter(self.iter()).map(|source| source.keyring.read_first(manager, now));
        let results: Vec<_> = reads.buffered(READ_AT_ONCE).collect().await;
        let without: Vec<_> = self
            .iter()
            .zip(results)
            .filter_map(|(source, result)| result.err().map(|error| (source, error)))
            .collect();
        let shared = self.shared_keys();
        if !shared.is_empty() || without.len() == self.0.len() {
            let without = without.iter().map(|(source, error)| format!("source `{}`: {error}", source.name));
            return Err(shared.into_iter().chain(without).collect());
        }
        for (source, error) in without {
            tracing::error!(source = %source.name, %error, SecretsFailures = 1, "a source has no keys: what it sends is answered 503");
        }
        Ok(())
    }

    /// Reads a source's keys again if they were read long ago. Where they cannot be read, the old ones stay.
    pub async fn keep_fresh(&self, source: &Source, manager: &SecretsManager, now: Timestamp) {
        source.keyring.keep_fresh(manager, now, |keys| self.are_anothers(keys, source)).await;
    }

    /// Reads a source's keys again, at most once a minute. An error where they could not be read.
    pub async fn renew(
        &self,
        source: &Source,
        manager: &SecretsManager,
        now: Timestamp,
    ) -> Result<(), NoSecret> {
        source.keyring.renew(manager, now, |keys| self.are_anothers(keys, source)).await
    }

    /// Whether one of these bearer keys is that of a source beside this one.
    fn are_anothers(&self, keys: &Keys, of: &Source) -> bool {
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
