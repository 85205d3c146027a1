//! Verification: from bytes of unknown origin to bytes of a known source.
//!
//! Invariant: a `Verified` exists only for a source whose scheme the request satisfies. Secrets are compared in
//! constant time, all of them, through a digest that hides their length.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};
use subtle::{Choice, ConstantTimeEq};

use super::sources::{Scheme, Source, Sources};

/// Bytes of unknown origin.
#[derive(Debug)]
pub struct Unverified {
    headers: HeaderMap,
    body: Bytes,
}

/// Bytes of a known source.
#[derive(Debug)]
pub struct Verified {
    source: Arc<Source>,
    body: Bytes,
}

/// No source's scheme is satisfied.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// There is no bearer key.
    #[error("send the source's key in the header `Authorization: Bearer <key>`")]
    NoKey,
    /// The bearer key is no source's.
    #[error("the bearer key is no source's")]
    WrongKey,
}

impl Unverified {
    /// A request's headers and raw body.
    pub const fn new(headers: HeaderMap, body: Bytes) -> Self {
        Self { headers, body }
    }

    /// Finds the source whose bearer key the request carries.
    pub fn verify_bearer(self, sources: &Sources) -> Result<Verified, NotVerified> {
        let key = bearer_key(&self.headers).ok_or(NotVerified::NoKey)?;
        let digest = Sha256::digest(key);
        let mut found = None;
        for source in sources.iter() {
            let Scheme::Bearer(secrets) = &source.scheme;
            if any_equal(&digest, secrets).into() {
                found = Some(Arc::clone(source));
            }
        }
        found.map(|source| Verified { source, body: self.body }).ok_or(NotVerified::WrongKey)
    }
}

impl Verified {
    /// Who sent it.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The raw body.
    pub const fn body(&self) -> &Bytes {
        &self.body
    }
}

fn bearer_key(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, key) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    let key = key.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !key.is_empty()).then_some(key.as_bytes())
}

fn any_equal(digest: &[u8], secrets: &[SecretString]) -> Choice {
    secrets.iter().fold(Choice::from(0), |found, secret| {
        found | Sha256::digest(secret.expose_secret().as_bytes()).as_slice().ct_eq(digest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &str = r#"{"sources": [
        {"name": "a", "verify": {"scheme": "bearer", "secrets": ["old", "new"]},
         "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}},
        {"name": "b", "verify": {"scheme": "bearer", "secrets": ["other"]},
         "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}}]}"#;

    fn verify(header: Option<&str>) -> Result<String, NotVerified> {
        let mut headers = HeaderMap::new();
        if let Some(value) = header {
            headers.insert(AUTHORIZATION, value.parse().unwrap());
        }
        let sources = Sources::parse(TWO).unwrap();
        let verified = Unverified::new(headers, Bytes::new()).verify_bearer(&sources)?;
        Ok(verified.source().name.to_string())
    }

    #[test]
    fn each_of_a_sources_keys_names_it() {
        assert_eq!(verify(Some("Bearer old")).as_deref(), Ok("a"));
        assert_eq!(verify(Some("bearer new")).as_deref(), Ok("a"));
        assert_eq!(verify(Some("Bearer other")).as_deref(), Ok("b"));
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
