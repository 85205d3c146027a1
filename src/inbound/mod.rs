//! Requests as they come in: who sent them, what they ask, whether they may.
//!
//! Invariant, by type: `Unverified` bytes become `Verified` ones only by their source's scheme, a `Verified`
//! body becomes `Asked` only whole and valid, and only what the source's policy permits becomes `Allowed`.
//! The relay accepts nothing but `Allowed`.

mod native;
mod policy;
mod sources;
mod verify;

pub use native::{Asked, Unreadable, read_native};
pub use policy::{Allowed, Denied, Policy, allow};
pub use sources::{Scheme, Source, Sources, WrongSources};
pub use verify::{NotVerified, Unverified, Verified};
