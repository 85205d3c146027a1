//! The configuration: read once, at the start, from the environment.
//!
//! Invariant: a `Settings` can only be built whole; one message names every fault.

mod duplicate_keys;
pub mod endpoints;
mod environment;
mod faults;
mod json;
mod secret_ref;
mod settings;
pub mod tenants;

pub use duplicate_keys::duplicate_key;
pub use endpoints::{Endpoints, Region};
pub use environment::{Variables, from_environment};
pub use faults::{ConfigError, ConfigFault, Faults, Noted};
pub use json::{ConfigObject, ConfigValue, JsonFields, read_config};
pub use secret_ref::{CredentialRef, SOURCES, SecretRef, TENANTS, TextVariables};
pub use settings::{RESPOND_WITHIN_MS_MAX, Settings, Texts};
pub use tenants::{Budget, Tenant, TenantsAt};
