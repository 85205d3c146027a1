//! The HTTP interface: routes, answers and problems. The same router serves Lambda and the local run.

mod answer;
mod budget;
mod code;
mod hooks;
mod invocation;
mod prefer;
mod problem;
mod rate_limit;
mod router;
mod tag_requests;
mod verified;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::aws::SecretsManager;
use crate::clock::Clock;
use crate::inbound::{Source, Sources};
use crate::relay::{Relay, Relays};

pub use code::Code;
pub use invocation::RequestContext;
pub use problem::{Problem, body_not_base64};
pub use router::{paths, router};

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The relays of all tenants.
    pub relays: Relays,
    /// Who may call.
    pub sources: Sources,
    /// Where the keys are that sources have by reference.
    pub secrets_manager: SecretsManager,
    /// Milliseconds a native request waits for its outcome.
    pub respond_within_ms: u32,
    /// Machines a request may name.
    pub machines_per_request: u32,
    /// Whether an event came before.
    pub begun: Arc<AtomicBool>,
}

impl App {
    /// The clock everything here goes by.
    pub fn clock(&self) -> &Clock {
        self.relays.first().clock()
    }

    /// Notes that an event came, and says whether it is the process's first.
    pub fn note_event(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    /// The relay of the source's tenant. The start has seen to it that there is one.
    fn relay_of(&self, source: &Source) -> Result<&Relay, Problem> {
        self.relays.of(source.tenant.as_ref()).ok_or_else(Problem::no_tenant)
    }
}
