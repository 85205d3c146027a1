//! Trials: the relay under load while its processes are killed, on this machine alone.

mod history;
mod instances;
mod killing;

pub use history::{Asked, History, Sent};
pub use instances::{Instances, serve_instance};
pub use killing::{Killing, Verdict};
