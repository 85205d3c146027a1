//! The relay on this machine alone: the embedded DynamoDB, the simulator and the relay's real handler on
//! 127.0.0.1. `cargo local` shows it to people, and the tests and the trials run on it.

pub mod aws;
pub mod credential;
pub mod curl;
pub mod events;
pub mod files;
pub mod loopback;
pub mod serving;
pub mod sign;
pub mod sources;

pub use loopback::{Loopback, LoopbackOptions, NotStarted};
