//! The budget of calls as this process uses it: it asks for a permit, pauses all permits, and remembers the ledger.
//!
//! Invariant: nothing here waits for a permit. The caller learns when to ask again.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::clock::Clock;
use crate::domain::budget::{BudgetReport, Ledger, Limits, View, report};
use crate::domain::{Priority, Timestamp};
use crate::store::{PermitOutcome, Store, StoreError};

/// The calls that a tenant may make to Defender.
#[derive(Debug)]
pub(super) struct CallBudget {
    store: Store,
    limits: Limits,
    clock: Clock,
    /// Locked while a permit is asked for, so that this process asks for one permit at a time.
    view: tokio::sync::Mutex<View>,
    /// The ledger that was read or written last, for those who only look.
    last_seen: Mutex<Option<Ledger>>,
}

impl CallBudget {
    pub(super) fn new(store: Store, limits: Limits, clock: Clock) -> Self {
        Self { store, limits, clock, view: tokio::sync::Mutex::default(), last_seen: Mutex::default() }
    }

    /// Asks for the permit to make one call. Nothing is locked after the answer: an urgent call need not wait behind a
    /// routine one.
    pub(super) async fn permit(&self, class: Priority) -> Result<PermitOutcome, StoreError> {
        let mut view = self.view.lock().await;
        let now = || self.clock.now();
        let outcome = self.store.take_permit(&mut view, class, self.limits, now, random_number()).await;
        *self.last_seen() = view.ledger().cloned();
        outcome
    }

    /// Calls that count in the budget's minute. Other instances make calls too, so this reads the table.
    pub(super) async fn used_in_minute(&self) -> Result<usize, StoreError> {
        let ledger = self.store.ledger().await?;
        let now = self.clock.now();
        let used = |ledger: &Ledger| ledger.used_at(now.second().max(ledger.head), self.limits).per_minute;
        let count = ledger.as_ref().map_or(0, used);
        self.last_seen().clone_from(&ledger);
        self.view.lock().await.refused(ledger);
        Ok(count as usize)
    }

    /// Makes a pause that Defender asked for known to every instance.
    pub(super) async fn pause(&self, until: Timestamp) -> Result<(), StoreError> {
        let mut view = View::of(self.last_seen().clone());
        let paused = self.store.pause(&mut view, until, self.limits, self.clock.now()).await;
        *self.last_seen() = view.ledger().cloned();
        paused
    }

    /// The budget as this process last saw it, or nothing if it has not.
    pub(super) fn last_report(&self) -> Option<BudgetReport> {
        let ledger = self.last_seen();
        ledger.as_ref().map(|ledger| report(Some(ledger), self.limits, self.clock.now()))
    }

    fn last_seen(&self) -> MutexGuard<'_, Option<Ledger>> {
        self.last_seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn random_number() -> u32 {
    let [a, b, c, d, ..] = uuid::Uuid::new_v4().into_bytes();
    u32::from_le_bytes([a, b, c, d])
}
