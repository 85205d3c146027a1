//! How the budget and the backlog of a tenant stand.

use super::parts::{Inner, Parts};
use crate::domain::budget::{self, BudgetReport};
use crate::domain::drain::Hold;
use crate::domain::{TenantName, Timestamp};
use crate::store::{Backlog, DrainState, StoreError};

/// The budget, the backlog and what holds it up.
#[derive(Clone, Debug)]
pub struct Report {
    /// The budget.
    pub budget: BudgetReport,
    /// The backlog.
    pub backlog: Backlog,
    /// The drain.
    pub drain: DrainState,
}

impl Report {
    /// The age of the oldest request that waits, in seconds.
    pub fn oldest_age_s(&self, now: Timestamp) -> Option<i64> {
        self.backlog.oldest.map(|oldest| now.ms_since(oldest).max(0) / 1000)
    }

    /// What holds the drain up now.
    pub fn held_up(&self, now: Timestamp) -> Option<&Hold> {
        self.drain.hold.as_ref().filter(|hold| hold.until > now)
    }

    /// Writes the log line of the report, with its metrics.
    pub(super) fn log(&self, tenant: &TenantName, now: Timestamp) {
        tracing::info!(
            BacklogRequests = self.backlog.requests,
            OldestRequestAge = self.oldest_age_s(now).unwrap_or(0),
            HeldUp = u8::from(self.held_up(now).is_some_and(Hold::is_failure)),
            %tenant,
            calls_left_this_minute = self.budget.minute.remaining(),
            calls_left_this_hour = self.budget.hour.remaining(),
            held_up_by = self.held_up(now).map(|hold| hold.reason.to_string()),
            "backlog"
        );
    }
}

/// Reads how the budget and the backlog stand.
pub(super) async fn report(inner: &Inner) -> Result<Report, StoreError> {
    let Parts { store, limits, clock, .. } = &inner.parts;
    let (ledger, backlog, drain) =
        futures_util::try_join!(store.ledger(), store.backlog_size(), store.drain_state())?;
    Ok(Report { budget: budget::report(ledger.as_ref(), *limits, clock.now()), backlog, drain })
}
