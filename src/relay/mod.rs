//! The two verbs. `accept` makes a request durable and never talks to Defender; `drain` sends what waits and
//! never talks to a sender.
//!
//! Invariant: what was accepted is in the backlog until it has an outcome for each machine.

mod accept;
mod budget;
mod deliveries;
mod drain;
mod drain_status;
mod parts;
mod relays;
mod trail;
mod waiters;

use std::sync::Arc;

use crate::clock::Clock;
use crate::domain::budget::{BudgetReport, Limits, report};
use crate::domain::drain::Hold;
use crate::domain::{Priority, RequestId, RequestRecord, TenantName, Timestamp};
use crate::store::{Backlog, DrainState, StoreError};
use parts::Inner;

pub use accept::{AcceptError, Accepted, RetryError};
pub use parts::Parts;
pub use relays::Relays;
pub use waiters::{Patience, Waiting};

/// The relay of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay(Arc<Inner>);

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

    fn tell(&self, tenant: &TenantName, now: Timestamp) {
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

impl Relay {
    /// A relay with an empty memory.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner::new(parts)))
    }

    /// Whose relay it is.
    pub fn tenant(&self) -> &TenantName {
        &self.0.parts.tenant
    }

    /// The clock everything here goes by.
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    /// How many calls are allowed.
    pub fn limits(&self) -> Limits {
        self.0.parts.limits
    }

    /// A request and what became of it so far.
    pub async fn request(&self, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        self.0.parts.store.load(id).await
    }

    /// Fetches a token, and opens the connection to the table by looking at the budget.
    async fn warm_up(&self) {
        let (token, table) = futures_util::join!(self.0.parts.tokens.get(), self.0.budget.used_in_minute());
        tracing::debug!(tenant = %self.tenant(), token = token.is_ok(), table = table.is_ok(), "warm");
    }

    /// What is done each minute: drains, and tells what still waits.
    pub async fn on_schedule(&self, stop_before: Timestamp) {
        self.drain(Priority::Urgent, stop_before).await;
        match Box::pin(self.report()).await {
            Ok(report) => report.tell(self.tenant(), self.clock().now()),
            Err(error) => {
                tracing::error!(StoreFailures = 1, %error, "what waits is unknown: the table cannot be read");
            }
        }
    }

    /// How the budget and the backlog stand.
    pub async fn report(&self) -> Result<Report, StoreError> {
        let Parts { store, limits, clock, .. } = &self.0.parts;
        let (ledger, backlog, drain) =
            futures_util::try_join!(store.ledger(), store.backlog_size(), store.drain_state())?;
        Ok(Report { budget: report(ledger.as_ref(), *limits, clock.now()), backlog, drain })
    }

    /// Starts a drain in the background. It makes no call that could not be over at `stop_before`.
    pub fn start_drain(&self, class: Priority, stop_before: Timestamp) {
        drain::start_drain(&self.0, class, stop_before);
    }

    /// Drains, and returns when nothing more can be done now.
    pub async fn drain(&self, class: Priority, stop_before: Timestamp) {
        drain::drain(&self.0, class, stop_before).await;
    }

    /// Returns when no drain runs in this process.
    pub async fn until_idle(&self) {
        self.0.drain_status.until_idle().await;
    }

    /// The budget as this process last saw it, or nothing if it has not.
    pub fn budget_last_seen(&self) -> Option<BudgetReport> {
        self.0.budget.last_report()
    }
}
