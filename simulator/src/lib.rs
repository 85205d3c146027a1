//! Microsoft Entra ID, Microsoft Defender for Endpoint and `DynamoDB` on 127.0.0.1.
//!
//! The simulator is stricter than the documentation wherever the documentation is silent: limits are sliding
//! windows over every call that arrives, and what nobody has written down is a switch, so that a client can be
//! shown to be right either way.

mod arrivals;
pub mod aws;
pub mod clock;
mod control;
mod defender;
pub mod dynamodb;
mod entra;
mod fault;
pub mod history;
mod own_machine;
pub mod proxy;
mod reply;
mod server;
mod simulator;
mod state;
mod switches;

pub use arrivals::{Arrival, most_in_window};
pub use fault::{Fault, TokenFault};
pub use own_machine::own_machine_only;
pub use simulator::{Options, Simulator};
pub use state::credentials::AUDIENCE;
pub use switches::{Limits, Listed, Switches, UnknownListed, WebIdentity, WindowKind};
