//! The load, crash and limiter tests in a form of a few seconds each, side by side. `cargo trial` runs the long ones.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

mod compare;
mod crash;
mod history;
mod limiter;
mod soak;
