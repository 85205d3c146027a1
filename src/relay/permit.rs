//! Permits: asking the budget for one, and pausing it for everybody.
//!
//! Invariant: a permit that cannot be had soon is not waited for; the drain gives its lease back and comes
//! again at the moment that the budget names.

use std::sync::{Mutex, MutexGuard, PoisonError};

use super::stop::Stop;
use super::{BUDGET_SPENT, Relay};
use crate::domain::budget::{BudgetReport, Ledger, Permit, View, report};
use crate::domain::{Priority, Timestamp};
use crate::store::PermitOutcome;

/// Milliseconds to wait for a permit with the lease in hand.
const PERMIT_WAIT_MS: i64 = 2_000;
/// Times to ask for a permit.
const ASKS_MAX: u32 = 20;
/// Milliseconds that nothing is sent when Defender or Entra asks for a pause without saying how long: the
/// shorter of Defender's windows.
const PAUSE_MS: i64 = 60_000;
/// Longest pause that is believed: the longer of its windows.
const PAUSE_MAX_MS: i64 = 3_600_000;

/// What this process knows of the budget.
#[derive(Debug, Default)]
pub(super) struct Budget {
    /// Whoever asks for a permit holds it, so permits are asked for one at a time.
    view: tokio::sync::Mutex<View>,
    /// The ledger last seen, for those who only look.
    seen: Mutex<Option<Ledger>>,
}

impl Budget {
    fn seen(&self) -> MutexGuard<'_, Option<Ledger>> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Relay {
    /// A permit for one call, or why there is none soon. Nothing is held while it waits: an urgent call need
    /// not wait behind a routine one.
    pub(super) async fn permit(&self, class: Priority) -> Result<Permit, Stop> {
        let mut later = self.clock().now();
        for _ in 0..ASKS_MAX {
            let asked_at = self.clock().now();
            match self.ask(class).await? {
                PermitOutcome::Granted(permit) => return Ok(permit),
                PermitOutcome::Refused(why) => return Err(Stop::NoPermit { why }),
                PermitOutcome::Later(at) => later = at,
            }
            if later.ms_since(asked_at) > PERMIT_WAIT_MS || later > self.stop_before() {
                break;
            }
            self.clock().wait_until(later).await;
        }
        let routine_only = class == Priority::Routine;
        tracing::info!(PermitsRefused = 1, tenant = %self.tenant(), class = class.as_str(), until = %later, "no permit");
        Err(Stop::Held { until: later, routine_only, reason: BUDGET_SPENT.into() })
    }

    async fn ask(&self, class: Priority) -> Result<PermitOutcome, Stop> {
        let parts = &self.0.parts;
        let mut view = self.0.budget.view.lock().await;
        let now = || self.clock().now();
        let taken = parts.store.take_permit(&mut view, class, parts.limits, now, jitter()).await;
        *self.0.budget.seen() = view.ledger().cloned();
        Ok(taken?)
    }

    /// Calls that count in the budget's minute. Other instances make some too, so the item is read.
    pub(super) async fn used_in_minute(&self) -> Result<usize, Stop> {
        let parts = &self.0.parts;
        let ledger = parts.store.ledger().await?;
        let now = self.clock().now();
        let used = |ledger: &Ledger| ledger.used_at(now.second().max(ledger.head), parts.limits).per_minute;
        let count = ledger.as_ref().map_or(0, used);
        self.0.budget.seen().clone_from(&ledger);
        self.0.budget.view.lock().await.refused(ledger);
        Ok(count as usize)
    }

    /// Makes a pause that Defender asked for known to every instance.
    pub(super) async fn pause(&self, until: Timestamp) -> Result<(), Stop> {
        let parts = &self.0.parts;
        let mut view = View::of(self.0.budget.seen().clone());
        let paused = parts.store.pause(&mut view, until, parts.limits, self.clock().now()).await;
        *self.0.budget.seen() = view.ledger().cloned();
        Ok(paused?)
    }

    /// The budget as this process last saw it; none if it has not.
    pub fn budget_last_seen(&self) -> Option<BudgetReport> {
        let seen = self.0.budget.seen();
        seen.as_ref().map(|ledger| report(Some(ledger), self.0.parts.limits, self.clock().now()))
    }
}

/// A random number.
fn jitter() -> u32 {
    let [a, b, c, d, ..] = uuid::Uuid::new_v4().into_bytes();
    u32::from_le_bytes([a, b, c, d])
}

/// The length of a pause that was asked for, within reason.
pub(super) fn pause_ms(retry_after_s: Option<u64>) -> i64 {
    let asked_ms = retry_after_s.and_then(|s| i64::try_from(s).ok()).map(|s| s.saturating_mul(1000));
    asked_ms.unwrap_or(PAUSE_MS).clamp(1000, PAUSE_MAX_MS)
}
