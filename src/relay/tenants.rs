//! The relays of all tenants, side by side.
//!
//! Invariant: nothing of one tenant waits for another: each has its own budget, backlog, drain and token.

use std::sync::Arc;

use futures_util::future::join_all;

use super::tenant::Relay;
use crate::domain::{TenantName, Timestamp};

/// Tenants whose tokens are fetched before they are needed. A burst starts many processes at once, and each would ask for
/// every tenant's.
const WARM_TENANTS_MAX: usize = 4;

/// The relays of all tenants, at least one. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Tenants {
    first: Relay,
    others: Arc<[Relay]>,
}

impl Tenants {
    /// The first tenant's, and the others'.
    pub fn new(first: Relay, others: Vec<Relay>) -> Self {
        Self { first, others: others.into() }
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &Relay> {
        std::iter::once(&self.first).chain(self.others.iter())
    }

    /// The one of the tenant of this name. No name means the only tenant; where there are several, nobody.
    pub fn of(&self, tenant: Option<&TenantName>) -> Option<&Relay> {
        match tenant {
            None => Some(&self.first).filter(|_| self.others.is_empty()),
            Some(name) => self.iter().find(|relay| relay.tenant() == name),
        }
    }

    /// The first one: the only one, unless there are several tenants.
    pub const fn first(&self) -> &Relay {
        &self.first
    }

    /// Fetches the first tenants' tokens and connects before a request needs it, for so many milliseconds at most.
    /// Nothing fails here: whatever is wrong is told by the request that meets it.
    pub async fn warm_up(&self, within_ms: i64) {
        let clock = self.first.clock();
        tokio::select! {
            _ = join_all(self.iter().take(WARM_TENANTS_MAX).map(Relay::warm_up)) => {}
            () = clock.wait_until(clock.now().plus_ms(within_ms)) => tracing::debug!("not everything is warm"),
        }
    }

    /// What is done each minute, for all tenants at once.
    pub async fn on_schedule(&self, stop_before: Timestamp) {
        join_all(self.iter().map(|relay| relay.on_schedule(stop_before))).await;
    }

    /// Returns when no drain runs in this process.
    pub async fn until_idle(&self) {
        join_all(self.iter().map(Relay::until_idle)).await;
    }
}
