//! Requests as they come in: who sent them, what they ask, whether they may.
//!
//! Invariant, by type: `Unverified` bytes become `Verified` ones only by their source's scheme, a `Verified`
//! body becomes `Change` only whole and valid, and only what the source's policy permits becomes `Allowed`.
//! The relay accepts nothing but `Allowed`.

mod allow;
mod delivery;
mod read;
mod sources;
mod verified;
mod verify;

pub use allow::{Allowed, Denied, Policy};
pub use delivery::DeliveryKey;
pub use read::{Change, Contents, FoundAt, Ignored, Unreadable, read_native};
pub use sources::{Keyring, OnBadPayload, Source, Sources};
pub use verified::{Verified, allow, allow_all, explain, read};
pub use verify::{Authenticity, Keys, NotVerified, SIGNED_TIME_WITHIN_S, Unverified};
