//! The limiter test: many worker processes share one budget and are killed at random moments.

mod run;
mod worker;

pub use run::{LimiterReport, LimiterTest};
pub use worker::run_worker;
