//! The stages joined: a request is verified, then read, then allowed.
//!
//! Invariant: a `Verified` exists only for a source whose scheme the request satisfies.

use std::sync::Arc;

use bytes::Bytes;

use super::allow::{Allowed, Denied};
use super::read::{Change, Contents, FoundAt, Unreadable};
use super::sources::{Source, Sources};
use super::verify::{Authenticity, Carrier, NotVerified, Scheme, Unverified};
use crate::domain::Timestamp;

/// Bytes of a known source.
#[derive(Debug)]
pub struct Verified {
    source: Arc<Source>,
    body: Bytes,
    proof: Authenticity,
}

impl Verified {
    /// Finds the one source whose bearer key the request carries.
    pub fn by_bearer(unverified: &Unverified, sources: &Sources) -> Result<Self, NotVerified> {
        let mut answer = Err(NotVerified::WrongKey);
        for source in sources.iter().filter(|source| source.is_bearer()) {
            match source.keyring.live().map(|keys| Carrier::Bearer.prove(unverified, &keys)) {
                Some(Ok(_)) if answer.is_ok() => return Err(NotVerified::SharedKey),
                Some(Ok(proof)) => answer = Ok(Self::new(source, unverified, proof)),
                Some(Err(NotVerified::Missing(_) | NotVerified::Unclear(_))) => {
                    return Err(NotVerified::NoKey);
                }
                Some(Err(_)) | None => {}
            }
        }
        answer
    }

    /// Holds the request against the scheme of the source that its address names.
    pub fn by_scheme(
        unverified: &Unverified,
        source: &Arc<Source>,
        now: Timestamp,
    ) -> Result<Self, NotVerified> {
        let takes_token = matches!(source.keyring.scheme(), Scheme::SharedSecret(Carrier::PathToken));
        if unverified.has_path_token() && !takes_token {
            return Err(NotVerified::NeedlessPathToken);
        }
        let proof = source.keyring.prove(unverified, now)?;
        Ok(Self::new(source, unverified, proof))
    }

    fn new(source: &Arc<Source>, unverified: &Unverified, proof: Authenticity) -> Self {
        Self { source: Arc::clone(source), body: unverified.body().clone(), proof }
    }

    /// Who sent it.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The raw body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }

    /// What proves it.
    pub const fn proof(&self) -> &Authenticity {
        &self.proof
    }
}

/// Reads what a source has sent.
pub fn read(verified: &Verified, machines_at_most: u32, now: Timestamp) -> Result<Contents, Unreadable> {
    verified.source.body_format.read(&verified.body, machines_at_most, now)
}

/// Where the values of what a source has sent were found. None for a native request, whose fields have fixed names.
pub fn explain(verified: &Verified) -> Result<Option<FoundAt>, Unreadable> {
    verified.source.body_format.explain(&verified.body)
}

/// Checks a change against the policy of the source that asks for it.
pub fn allow(verified: &Verified, change: Change) -> Result<Allowed, Denied> {
    verified.source.policy.check_machines(change.machines.len())?;
    allow_one(&verified.source, change)
}

/// Checks everything that one delivery asks for: all of it is allowed, or nothing.
pub fn allow_all(verified: &Verified, changes: Vec<Change>) -> Result<Vec<Allowed>, Denied> {
    verified.source.policy.check_machines(changes.iter().map(|change| change.machines.len()).sum())?;
    changes.into_iter().map(|change| allow_one(&verified.source, change)).collect()
}

fn allow_one(source: &Source, change: Change) -> Result<Allowed, Denied> {
    Allowed::by(&source.policy, &source.name, source.priority, change)
}

#[cfg(test)]
mod tests {
    use http::HeaderMap;
    use http::header::AUTHORIZATION;

    use super::*;

    const TWO: &str = r#"{"sources": [
        {"name": "a", "verify": {"scheme": "bearer", "secrets": ["old", "new"], "weak_secret": true},
         "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}},
        {"name": "b", "verify": {"scheme": "bearer", "secrets": ["other"], "weak_secret": true},
         "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}}]}"#;

    fn verify(header: Option<&str>) -> Result<String, NotVerified> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        let sources = Sources::parse(TWO).unwrap();
        let verified = Verified::by_bearer(&Unverified::new(headers, Bytes::new()), &sources)?;
        Ok(verified.source().name.to_string())
    }

    #[test]
    fn each_of_a_sources_keys_names_it() {
        assert_eq!(verify(Some("Bearer old")).as_deref(), Ok("a"));
        assert_eq!(verify(Some("bearer new")).as_deref(), Ok("a"));
        assert_eq!(verify(Some("Bearer other")).as_deref(), Ok("b"));
    }

    #[test]
    fn a_key_of_two_sources_names_nobody() {
        let sources = Sources::parse(TWO).unwrap();
        let keys = sources.find("b").unwrap().keyring.live().unwrap();
        sources.find("a").unwrap().keyring.replace(keys);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer other".parse().unwrap());
        let verified = Verified::by_bearer(&Unverified::new(headers, Bytes::new()), &sources);
        assert_eq!(verified.err(), Some(NotVerified::SharedKey));
    }

    #[test]
    fn anything_else_names_nobody() {
        for header in ["Bearer ol", "Bearer oldx", "Bearer OLD", "Bearer old new"] {
            assert_eq!(verify(Some(header)), Err(NotVerified::WrongKey), "{header}");
        }
        for header in [None, Some("old"), Some("Basic old"), Some("Bearer"), Some("Bearer  ")] {
            assert_eq!(verify(header), Err(NotVerified::NoKey), "{header:?}");
        }
    }
}
