//! What a relay works with: the parts that it was given, and what one process remembers of one tenant.

use tokio::sync::Semaphore;

use super::budget::CallBudget;
use super::drain::Quarantine;
use super::drain_status::DrainStatus;
use super::waiters::Waiters;
use crate::clock::Clock;
use crate::defender::Defender;
use crate::domain::TenantName;
use crate::domain::budget::Limits;
use crate::entra::Tokens;
use crate::store::Store;

/// Requests that one process accepts at once. A Lambda instance has one; a local server may have many.
const ACCEPTS_AT_ONCE: usize = 64;

/// What a relay works with.
#[derive(Debug)]
pub struct Parts {
    /// Whose relay it is.
    pub tenant: TenantName,
    /// The tenant's part of the table.
    pub store: Store,
    /// The app's tokens.
    pub tokens: Tokens,
    /// Defender.
    pub defender: Defender,
    /// The clock.
    pub clock: Clock,
    /// The budget.
    pub limits: Limits,
    /// Machines a call may carry.
    pub machines_per_call: u32,
    /// Hours after which a request that could not be done is given up.
    pub request_expires_hours: u32,
}

/// The parts of a relay, and what one process remembers.
#[derive(Debug)]
pub(super) struct Inner {
    pub(super) parts: Parts,
    pub(super) budget: CallBudget,
    pub(super) quarantine: Quarantine,
    /// Limits concurrent `accept`s, so that a burst queues here instead of timing out in the table.
    pub(super) accepting: Semaphore,
    pub(super) drain_status: DrainStatus,
    pub(super) waiters: Waiters,
}

impl Inner {
    /// An empty memory.
    pub(super) fn new(parts: Parts) -> Self {
        Self {
            budget: CallBudget::new(parts.store.clone(), parts.limits, parts.clock.clone()),
            parts,
            quarantine: Quarantine::default(),
            accepting: Semaphore::new(ACCEPTS_AT_ONCE),
            drain_status: DrainStatus::default(),
            waiters: Waiters::default(),
        }
    }
}
