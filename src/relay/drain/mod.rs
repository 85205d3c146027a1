//! Drains the backlog: takes the lease, sends what waits to Defender, and writes the outcomes.
//!
//! One file a level, from the top down: `runner`, `turn`, `round`, `send`, `call`, `lease`. Only a [`lease::Drain`]
//! makes calls, and it exists only while this process holds the lease.

mod call;
mod call_log;
mod interrupt;
mod lease;
mod outcomes;
mod quarantine;
mod round;
mod runner;
mod send;
mod turn;

pub(super) use quarantine::Quarantine;
pub(super) use runner::{drain, start_drain};
