//! From allowed requests to durable ones.
//!
//! Nothing here talks to Defender. What is accepted stands in the backlog until each machine has an outcome.

mod delivery;
mod rejected;
mod remembered;
mod retry;

pub(super) use delivery::accept;
pub use delivery::{AcceptError, Accepted, Delivery};
pub(super) use rejected::{keep_rejected, load_rejected};
pub(super) use remembered::was_taken_long_ago;
pub use retry::RetryError;
pub(super) use retry::retry;
