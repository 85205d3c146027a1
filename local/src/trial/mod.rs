//! Trials: relay processes under load, and killed under load, on this machine alone.

mod artifact;
mod contender;
mod contest;
mod history;
mod instances;
mod killing;
mod load;
mod soak;

pub use artifact::Artifact;
pub use contender::contend;
pub use contest::{Contest, Contested};
pub use history::{Asked, History, Sent};
pub use instances::{Instances, serve_instance};
pub use killing::{Killing, Verdict};
pub use load::{Answers, Load};
pub use soak::{Soak, Soaked};
