//! What the routes work with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::response::Problem;
use crate::aws::SecretsManager;
use crate::clock::Clock;
use crate::inbound::{Source, Sources};
use crate::relay::{Relay, Tenants};

/// What the routes work with. Cheap to clone.
#[derive(Clone, Debug)]
pub struct App {
    /// The relays of all tenants.
    pub relays: Tenants,
    /// The sources that may call.
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
    /// The clock that everything here uses.
    pub fn clock(&self) -> &Clock {
        self.relays.first().clock()
    }

    /// Notes that an event came. Returns whether it is the process's first.
    pub fn note_event(&self) -> bool {
        !self.begun.swap(true, Ordering::SeqCst)
    }

    /// The relay of the source's tenant. The start has made sure that there is one.
    pub(super) fn relay_of(&self, source: &Source) -> Result<&Relay, Problem> {
        self.relays.of(source.tenant.as_ref()).ok_or_else(Problem::no_tenant)
    }
}
