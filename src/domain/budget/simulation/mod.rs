//! A deterministic simulation: many instances share one budget in simulated time, under faults of every kind.
//!
//! The same run, with the same check, catches each planted fault.

mod check;
mod cluster;
mod fault_profile;
mod faults;
mod instance;
mod step;
mod table;
mod tests;
