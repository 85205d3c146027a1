//! The relay on this machine alone: the embedded DynamoDB, the simulator and the relay's real handler on
//! 127.0.0.1. The local run shows it to people, the tests drive it.

pub mod aws;
pub mod events;
pub mod loopback;
pub mod meter;
pub mod proof;
pub mod runtime_api;
pub mod senders;
pub mod sign;
pub mod trial;

pub use loopback::{Loopback, NotStarted, Options};
