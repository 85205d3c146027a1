//! Trials: relay processes under load, and killed under load, on this machine alone.

mod artifact;
mod compare;
mod crash;
mod harness;
mod limiter;
mod load;
mod soak;
pub mod virtual_time;

pub use artifact::Artifact;
pub use compare::{Burst, Hour, Killed, Measured, Minute, SideBySide, baseline, table as side_by_side_table};
pub use crash::{Killing, Verdict};
pub use harness::{Contestant, Instances, serve_instance};
pub use limiter::{Contest, Contested, contend};
pub use load::{Answers, Load};
pub use soak::{Memory, Soak, Soaked};
