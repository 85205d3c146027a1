//! Defender: the one call that sets or removes a tag on up to 500 machines.
//!
//! Invariant: one permit, at most one request on the wire.

mod answer;
mod client;
mod permitted_body;

pub use client::{CALL_TIMEOUT_MS, Call, Defender, Sent};
