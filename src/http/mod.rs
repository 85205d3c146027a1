//! The HTTP interface: routes, answers and problems. The same router serves Lambda and the local run.

mod answer;
mod budget;
mod hooks;
mod invocation;
mod prefer;
mod problem;
mod rate_limit;
mod router;
mod tag_requests;
mod verified;

use crate::inbound::Sources;
use crate::relay::Relay;
use crate::secrets::SourceSecrets;

pub use invocation::Invocation;
pub use problem::{Problem, body_not_base64};
pub use router::router;

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The relay.
    pub relay: Relay,
    /// Who may call.
    pub sources: Sources,
    /// The secrets that sources have by reference.
    pub source_secrets: SourceSecrets,
    /// Milliseconds a native request waits for its outcome.
    pub respond_within_ms: u32,
    /// Machines a request may name.
    pub machines_per_request: u32,
}
