//! Requests as they come in: who sent them, what they ask, whether they may.
//!
//! Invariant, by type: `Unverified` bytes become `Verified` ones only by their source's scheme, a `Verified`
//! body becomes `Asked` only whole and valid, and only what the source's policy permits becomes `Allowed`.
//! The relay accepts nothing but `Allowed`.

mod keys;
mod native;
mod path;
mod policy;
mod reading;
mod replay;
mod scheme;
mod sources;
mod verify;

pub use keys::{Keyring, Keys};
pub use native::{Asked, Unreadable, read_native};
pub use policy::{Allowed, Denied, Policy, allow, allow_all};
pub use reading::{Ignored, Read, read};
pub use replay::Delivery;
pub use scheme::{Proof, SIGNED_TIME_WITHIN_S};
pub use sources::{OnBadPayload, Source, Sources, WrongSources};
pub use verify::{NotVerified, Unverified, Verified};
