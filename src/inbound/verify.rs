//! Verification: from bytes of unknown origin to bytes of a known source.
//!
//! Invariant: a `Verified` exists only for a source whose scheme the request satisfies. Nothing of the body is
//! looked at before, but its bytes.

use std::sync::Arc;

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::keys::Keys;
use super::scheme::{Arrived, Authenticity, Carrier, SIGNED_TIME_WITHIN_S, Scheme};
use super::sources::{Source, Sources};
use crate::domain::Timestamp;

/// Bytes of unknown origin. Has no `Debug`: it would show what opens a source.
pub struct Unverified {
    headers: HeaderMap,
    body: Bytes,
    path_token: Option<String>,
}

/// Bytes of a known source.
#[derive(Debug)]
pub struct Verified {
    source: Arc<Source>,
    body: Bytes,
    proof: Authenticity,
}

/// The scheme is not satisfied. For the log: the caller is told only what [`NotVerified::shown`] says.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// There is no bearer key.
    #[error("no bearer key")]
    NoKey,
    /// The bearer key is no source's.
    #[error("the bearer key is no source's")]
    WrongKey,
    /// The bearer key is that of several sources.
    #[error("the bearer key is that of several sources, so nobody knows who calls")]
    SharedKey,
    /// The address names no source.
    #[error("no source of this name")]
    UnknownSource,
    /// A header is missing.
    #[error("the header {0} is missing, or of another scheme")]
    Missing(HeaderName),
    /// A header cannot be read, or is there twice.
    #[error("the header {0} cannot be read, or is there more than once")]
    Unclear(HeaderName),
    /// The address has no token.
    #[error("the address has no token")]
    NoPathToken,
    /// The address has a token, and the source's scheme wants none.
    #[error("the address has a token that its source does not use")]
    NeedlessPathToken,
    /// The secret is not the source's.
    #[error("the secret is not the source's")]
    WrongSecret,
    /// No signature is right.
    #[error("no signature is right")]
    WrongSignature,
    /// The signature is right, the time it covers is not.
    #[error("signed at a time more than {SIGNED_TIME_WITHIN_S} s from now")]
    Stale,
    /// The source's keys are not known yet.
    #[error("the source's keys are not known")]
    NoKeys,
}

impl NotVerified {
    /// What the caller is told: not which sources there are, nor how they are verified.
    pub fn shown(&self) -> String {
        match self {
            Self::NoKey => "send the source's key in the header `Authorization: Bearer <key>`".into(),
            Self::WrongKey | Self::SharedKey => "the bearer key is no source's".into(),
            Self::Stale => format!(
                "the signature is right, but its time is more than {SIGNED_TIME_WITHIN_S} s from the relay's: \
                 set the sender's clock, or send the event anew"
            ),
            _ => "the address and what came with it prove no source: look at the source's name in the address, \
                  its key or signature, and its scheme in the sources' configuration"
                .into(),
        }
    }
}

impl Unverified {
    /// A request's headers and raw body.
    pub const fn new(headers: HeaderMap, body: Bytes) -> Self {
        Self { headers, body, path_token: None }
    }

    /// The same with the token of its path.
    #[must_use]
    pub fn with_path_token(self, path_token: Option<String>) -> Self {
        Self { path_token, ..self }
    }

    /// Finds the one source whose bearer key the request carries.
    pub fn verify_bearer(&self, sources: &Sources) -> Result<Verified, NotVerified> {
        let mut answer = Err(NotVerified::WrongKey);
        for source in sources.iter().filter(|source| source.is_bearer()) {
            match source.keyring.live().map(|keys| Carrier::Bearer.prove(self.arrived(), &keys)) {
                Some(Ok(_)) if answer.is_ok() => return Err(NotVerified::SharedKey),
                Some(Ok(proof)) => answer = Ok(self.verified(source, proof)),
                Some(Err(NotVerified::Missing(_) | NotVerified::Unclear(_))) => {
                    return Err(NotVerified::NoKey);
                }
                Some(Err(_)) | None => {}
            }
        }
        answer
    }

    /// Holds the request against the scheme of the source that its address names.
    pub fn verify(&self, source: &Arc<Source>, now: Timestamp) -> Result<Verified, NotVerified> {
        if self.path_token.is_some() && !matches!(source.scheme, Scheme::SharedSecret(Carrier::PathToken)) {
            return Err(NotVerified::NeedlessPathToken);
        }
        let keys: Keys = source.keyring.live().ok_or(NotVerified::NoKeys)?;
        let proof = source.scheme.prove(self.arrived(), &keys, now)?;
        Ok(self.verified(source, proof))
    }

    fn arrived(&self) -> Arrived<'_> {
        Arrived { headers: &self.headers, body: &self.body, path_token: self.path_token.as_deref() }
    }

    fn verified(&self, source: &Arc<Source>, proof: Authenticity) -> Verified {
        Verified { source: Arc::clone(source), body: self.body.clone(), proof }
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

    /// What proves it.
    pub const fn proof(&self) -> &Authenticity {
        &self.proof
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

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
    fn a_key_of_two_sources_names_nobody() {
        let sources = Sources::parse(TWO).unwrap();
        let keys = sources.find("b").unwrap().keyring.live().unwrap();
        sources.find("a").unwrap().keyring.replace(keys);
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, "Bearer other".parse().unwrap());
        let verified = Unverified::new(headers, Bytes::new()).verify_bearer(&sources);
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
