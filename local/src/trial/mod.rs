//! Trials: relay processes under load, and killed under load, on this machine alone.

mod artifact;
pub mod baseline;
mod contender;
mod contest;
mod contestant;
mod figures;
mod history;
mod instances;
mod killing;
mod load;
mod process;
mod side_by_side;
mod soak;

pub use artifact::Artifact;
pub use contender::contend;
pub use contest::{Contest, Contested};
pub use contestant::Contestant;
pub use history::{Asked, History, Sent};
pub use instances::{Instances, serve_instance};
pub use killing::{Killing, Verdict};
pub use load::{Answers, Load};
pub use side_by_side::{Burst, Hour, Killed, Measured, Minute, SideBySide, table as side_by_side_table};
pub use soak::{Memory, Soak, Soaked};
