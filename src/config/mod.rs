//! The configuration: read once, at the start, from the environment.
//!
//! Invariant: a `Settings` can only be built whole; whatever is wrong is named in one message.

mod budget;
mod doubled;
pub mod endpoint;
mod fault;
mod places;
mod reader;
mod settings;
pub mod tenants;

use std::collections::BTreeMap;

pub use budget::Budget;
pub use doubled::doubled_field;
pub use endpoint::{Endpoints, Region};
pub use fault::{ConfigError, Fault};
pub use places::{CredentialRef, Place, SecretAt, TextAt};
pub use settings::{RESPOND_WITHIN_MS_MAX, Settings, Texts};
pub use tenants::{Tenant, TenantsAt};

/// The variables of the environment by name.
pub type Variables = BTreeMap<String, String>;

/// The process's environment. What is not UTF-8 carries the replacement character, by which its reader knows it.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn from_environment() -> Variables {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect()
}
