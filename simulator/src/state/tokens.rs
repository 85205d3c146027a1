//! Tokens are opaque random text; what they are worth is remembered here and nowhere in them.

use std::collections::HashMap;
use uuid::Uuid;

/// What one token is worth.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    pub(crate) expires_at_ms: u64,
    pub(crate) roles: Vec<String>,
    /// The resource the scope named, without `/.default`.
    pub(crate) audience: String,
}

/// The tokens still accepted.
#[derive(Debug, Default)]
pub(crate) struct IssuedTokens {
    by_text: HashMap<String, Issued>,
}

impl IssuedTokens {
    pub(crate) fn issue(&mut self, issued: Issued) -> String {
        let text = format!("simulated.{}.{}", Uuid::new_v4().simple(), Uuid::new_v4().simple());
        self.by_text.insert(text.clone(), issued);
        text
    }

    /// The token's worth, unless it was never issued, was revoked or has run out.
    pub(crate) fn find(&self, text: &str, now_ms: u64) -> Option<&Issued> {
        self.by_text.get(text).filter(|issued| now_ms < issued.expires_at_ms)
    }

    pub(crate) fn expire(&mut self) {
        self.by_text.clear();
    }
}
