//! Requests as they come in: who sent them, what they ask, whether they may.
//!
//! Invariant, by type: `Unverified` bytes become `Verified` ones only by their source's scheme, a `Verified`
//! body becomes `Change` only whole and valid, and only what the source's policy permits becomes `Allowed`.
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
pub use native::{Change, Unreadable, read_native};
pub use policy::{Allowed, Denied, Policy, allow, allow_all};
pub use reading::{Contents, Ignored, read};
pub use replay::DeliveryKey;
pub use scheme::{Authenticity, SIGNED_TIME_WITHIN_S};
pub use sources::{OnBadPayload, Source, Sources, WrongSources};
pub use verify::{NotVerified, Unverified, Verified};
