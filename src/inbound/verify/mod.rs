//! Verification: who sent a request.
//!
//! Invariant: an `Authenticity` exists only for a request that one of the source's keys opens or has signed. Every key
//! is tried and every comparison takes the same time, whatever it finds.

mod authenticity;
mod config;
mod hmac;
mod keys;
mod scheme;
mod shared_secret;
mod standard_webhooks;
#[cfg(test)]
mod tests;
mod unverified;

pub use authenticity::{Authenticity, SIGNED_TIME_WITHIN_S};
pub(super) use config::{KeysRef, VerifyConfig, parse_verify};
pub use keys::Keys;
pub(super) use keys::{WeakSecret, read_secrets};
pub(super) use scheme::Scheme;
pub(super) use shared_secret::Carrier;
pub use unverified::{NotVerified, Unverified};
