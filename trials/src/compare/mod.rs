//! Side by side.

pub mod baseline;
mod burst;
mod comparison;
mod counting_proxy;
mod hour;
mod killed;
mod lone;
mod minute;
mod round;
mod table;

pub use comparison::{Burst, Hour, Killed, Measured, Minute, SideBySide, table};
