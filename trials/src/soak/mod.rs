//! The soak run.

mod ceiling;
mod memory;
mod mix;
mod run;
mod table;
mod waiting;

pub use run::{Memory, Soak, Soaked};
