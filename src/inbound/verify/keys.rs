//! The live keys of a source: what it may prove itself with at this moment.
//!
//! Invariant: a `Keys` holds 1 to [`KEYS_MAX`] keys, each fit for its scheme, and shows none of them.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// Keys a source may have at once: the old, the new, and one to spare.
pub(super) const KEYS_MAX: usize = 3;

/// Characters a secret has at least: 128 bits in base64.
pub(super) const SECRET_MIN_CHARS: usize = 22;

/// The secrets that stand in this project's documents and files, where everybody can read them. A test compares.
const PUBLISHED: [&str; 9] = [
    "<a long random key>",
    "cHV0LWEtbG9uZy1yYW5kb20ta2V5LWhlcmU",
    "made-at-the-start-by-cargo-local",
    "bWFkZS1hdC10aGUtc3RhcnQtYnktY2FyZ28tbG9jYWw",
    "put-a-long-random-key-here",
    "put-a-long-random-password-here",
    "put-a-long-random-token-here",
    "put-the-signing-secret-here",
    "this-key-opens-only-the-simulator",
];

/// The bytes of one key.
pub(super) type Key = SecretSlice<u8>;

/// The keys of a source. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keys(Arc<[Key]>);

impl Keys {
    /// Keys that their scheme has read: `Scheme::keys` does so.
    pub(super) fn new(keys: Vec<Key>) -> Self {
        Self(keys.into())
    }

    /// The bytes of each key.
    pub(in crate::inbound) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }
}

/// A secret cannot be a key of its source. No message holds the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(in crate::inbound) enum KeyError {
    #[error("its secret is neither a plain text nor a JSON list of texts")]
    NotAList,
    #[error("it has 1 to {KEYS_MAX} secrets")]
    WrongCount,
    #[error("is an empty secret")]
    Empty,
    #[error("a secret neither begins nor ends with white space")]
    WhiteSpace,
    #[error(
        "a secret of this scheme comes in a header, so it is printable ASCII; put the sender's own key here, as \
         `openssl rand -hex 32` makes one"
    )]
    NotForAHeader,
    #[error("a secret of this scheme is `user:password`")]
    NotBasic,
    #[error("a path token has at least {SECRET_MIN_CHARS} characters, each of A-Z, a-z, 0-9, `-` and `_`")]
    NotAPathToken,
    #[error("a secret of this scheme is `whsec_` and the base64 of 24 to 64 bytes")]
    NotStandard,
    #[error(
        "a secret has at least {SECRET_MIN_CHARS} characters; `openssl rand -hex 32` makes one. If its sender gives it, \
         set `\"weak_secret\": true` beside it"
    )]
    TooShort,
    #[error(
        "this secret stands in the documentation, so everybody knows it; `openssl rand -hex 32` makes a new one"
    )]
    Published,
}

/// Whether a secret that is short, or that everybody can read, may be a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::inbound) enum WeakSecret {
    Refused,
    Allowed,
}

impl WeakSecret {
    /// Checks that nobody can guess a secret: `part` is what others do not know of it.
    pub(super) fn check(self, secret: &str, part: &str) -> Result<(), KeyError> {
        if self == Self::Allowed {
            return Ok(());
        }
        if PUBLISHED.iter().any(|published| secret.contains(published)) {
            return Err(KeyError::Published);
        }
        if part.chars().count() < SECRET_MIN_CHARS {
            return Err(KeyError::TooShort);
        }
        Ok(())
    }
}

/// Checks what holds for a secret of any scheme.
pub(super) fn check_secret(secret: &str) -> Result<(), KeyError> {
    if secret.trim().is_empty() {
        return Err(KeyError::Empty);
    }
    if secret.trim().len() != secret.len() {
        return Err(KeyError::WhiteSpace);
    }
    Ok(())
}

/// The secrets in the text of a secret: a JSON list of texts, or one plain text.
pub(in crate::inbound) fn read_secrets(text: &SecretString) -> Result<Vec<SecretString>, KeyError> {
    let text = text.expose_secret().trim();
    if !text.starts_with('[') {
        return Ok(vec![text.into()]);
    }
    serde_json::from_str(text).map_err(|_| KeyError::NotAList)
}
