//! The sources: who may call, how they prove it and what they may do.

mod config;
mod keyring;
mod source;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::verify::Keys;
use crate::domain::TenantName;

pub use config::WrongSources;
pub use keyring::Keyring;
pub use source::{OnBadPayload, Source};

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
    pub fn shared_keys(&self) -> Vec<String> {
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

    /// Whether one of these bearer keys is that of a source beside this one.
    pub fn are_anothers(&self, keys: &Keys, of: &Source) -> bool {
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
