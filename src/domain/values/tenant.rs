//! The name of a tenant: a customer's Entra directory, with a budget, a backlog and a drain of its own.
//!
//! Invariant: 1 to 253 letters, digits, `-` and `.`, so that a name is safe in an address, a key and a log.

use std::fmt;
use std::sync::Arc;

/// Characters a tenant's name may have: as many as a domain name.
const TENANT_NAME_MAX_CHARS: usize = 253;

/// The name of a tenant. Cheap to clone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantName(Arc<str>);

/// The text is not a tenant's name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a tenant's name is 1 to {TENANT_NAME_MAX_CHARS} letters, digits, `-` and `.`")]
pub struct NotATenantName;

impl TenantName {
    /// Reads a tenant's name.
    pub fn parse(text: &str) -> Result<Self, NotATenantName> {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'.';
        if (1..=TENANT_NAME_MAX_CHARS).contains(&text.len()) && text.bytes().all(good) {
            Ok(Self(text.into()))
        } else {
            Err(NotATenantName)
        }
    }

    /// The name's text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TenantName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_may_be_a_guid_or_a_domain() {
        for good in ["contoso", "11111111-1111-1111-1111-111111111111", "contoso.onmicrosoft.com"] {
            assert!(TenantName::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a/b", "a b", "a#b", "é", &"x".repeat(254)] {
            assert_eq!(TenantName::parse(bad), Err(NotATenantName), "{bad}");
        }
    }
}
