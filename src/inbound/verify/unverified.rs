//! A request whose sender is not known yet, and the reasons why it cannot be verified.
//!
//! Invariant: before a request is verified, its body is only a row of bytes.

use bytes::Bytes;
use http::{HeaderMap, HeaderName};

use super::authenticity::SIGNED_TIME_WITHIN_S;

/// Bytes of unknown origin. Has no `Debug`: it would show what opens a source.
pub struct Unverified {
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) path_token: Option<String>,
}

/// A request does not satisfy its source's scheme. This is for the log; the caller gets only [`NotVerified::shown`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotVerified {
    /// There is no bearer key.
    #[error("no bearer key")]
    NoKey,
    /// The bearer key does not belong to any source.
    #[error("the bearer key does not belong to any source")]
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
    /// The text for the caller. It does not reveal which sources there are, nor how they are verified.
    pub fn shown(&self) -> String {
        match self {
            Self::NoKey => "send the source's key in the header `Authorization: Bearer <key>`".into(),
            Self::WrongKey | Self::SharedKey => "this key does not belong to any source".into(),
            Self::Stale => format!(
                "the signature is right, but its time is more than {SIGNED_TIME_WITHIN_S} s from the relay's: \
                 set the sender's clock, or send the event anew"
            ),
            _ => "the sender could not be verified: check the source's name in the URL, the key or signature, and the \
                  scheme in the sources' configuration"
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

    /// The raw body. It is not verified.
    pub(in crate::inbound) const fn body(&self) -> &Bytes {
        &self.body
    }

    /// Whether the address has a token.
    pub(in crate::inbound) const fn has_path_token(&self) -> bool {
        self.path_token.is_some()
    }
}

/// The text of a header that is there once.
pub(super) fn only<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<&'a str, NotVerified> {
    let mut values = headers.get_all(name).iter();
    let value = values.next().ok_or_else(|| NotVerified::Missing(name.clone()))?;
    if values.next().is_some() {
        return Err(NotVerified::Unclear(name.clone()));
    }
    value.to_str().map_err(|_| NotVerified::Unclear(name.clone()))
}
