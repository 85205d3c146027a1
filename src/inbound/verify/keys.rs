//! The live keys of a source: what it may prove itself with at this moment.
//!
//! Invariant: a `Keys` holds 1 to [`KEYS_MAX`] keys, each fit for its scheme, and shows none of them.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretSlice, SecretString};

/// Keys a source may have at once: the old, the new, and one to spare.
pub(super) const KEYS_MAX: usize = 3;

/// The keys of a source. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Keys(Arc<[SecretSlice<u8>]>);

impl Keys {
    /// Keys that their scheme has read: `Scheme::keys` does so.
    pub(super) fn new(keys: Vec<SecretSlice<u8>>) -> Self {
        Self(keys.into())
    }

    /// The bytes of each key.
    pub(in crate::inbound) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(ExposeSecret::expose_secret)
    }
}

/// The secrets in the text of a secret: a JSON list of texts, or one plain text.
pub(in crate::inbound) fn read_secrets(text: &SecretString) -> Result<Vec<SecretString>, String> {
    let text = text.expose_secret().trim();
    if !text.starts_with('[') {
        return Ok(vec![text.into()]);
    }
    serde_json::from_str(text)
        .map_err(|_| "its secret is neither a plain text nor a JSON list of texts".into())
}
