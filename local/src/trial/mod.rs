//! The record of a run, which the tests and the trials check against the simulator.

mod history;

pub use history::{Asked, History, Sent};
