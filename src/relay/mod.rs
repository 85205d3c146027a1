//! Accepts requests (`accept`) and sends them to Defender (`drain`).
//!
//! `accept` never talks to Defender, and `drain` never talks to a sender. Invariant: what was accepted is in the backlog
//! until it has an outcome for each machine.

mod accept;
mod audit;
mod budget;
mod drain;
mod drain_status;
mod parts;
mod report;
mod schedule;
mod tenant;
mod tenants;
mod waiters;
mod waiting;

pub use accept::{AcceptError, Accepted, Delivery, RetryError};
pub use parts::Parts;
pub use report::Report;
pub use tenant::Relay;
pub use tenants::Tenants;
pub use waiting::{Patience, Waiting};
