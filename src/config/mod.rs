//! The configuration: read once, at the start, from the environment.
//!
//! Invariant: a `Settings` can only be built whole; whatever is wrong is named in one message.

pub mod endpoint;
mod fault;
mod places;
mod reader;
mod settings;
pub mod tenants;

use std::collections::BTreeMap;

pub use endpoint::{Endpoints, Region};
pub use fault::{ConfigError, Fault};
pub use places::{Place, ProofAt, SecretAt, TextAt};
pub use settings::{RESPOND_WITHIN_MS_MAX, Settings};
pub use tenants::{Tenant, TenantsAt};

/// The variables of the environment by name.
pub type Variables = BTreeMap<String, String>;

/// The process's environment.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn from_environment() -> Variables {
    std::env::vars().collect()
}
