//! The contest: many processes on one budget.

mod run;
mod worker;

pub use run::{Contest, Contested};
pub use worker::contend;
