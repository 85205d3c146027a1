//! The two verbs. `accept` makes a request durable and never talks to Defender; `drain` sends what waits and
//! never talks to a sender.
//!
//! Invariant: what was accepted is in the backlog until it has an outcome for each machine.

mod accept;
mod call;
mod call_line;
mod deliveries;
mod drain;
mod flight;
mod permit;
mod relays;
mod requests;
mod resting;
mod round;
mod runner;
mod stop;
mod trail;
mod waiters;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::clock::Clock;
use crate::defender::Defender;
use crate::domain::budget::{self, BudgetReport, Limits};
use crate::domain::{Priority, RequestId, RequestRecord, TenantName, Timestamp};
use crate::entra::Tokens;
use crate::store::{Backlog, DrainState, Hold, Store, StoreError};

pub use accept::{AcceptError, Accepted, RetryError};
pub use relays::Relays;
pub use waiters::{Patience, Waiting};

/// What holds the drain up when no permit is to be had: the one reason that is neither a failure nor the pace.
const BUDGET_SPENT: &str = "budget_spent";

/// The relay of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay(Arc<Inner>);

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

#[derive(Debug)]
struct Inner {
    parts: Parts,
    budget: permit::Budget,
    resting: resting::Resting,
    /// Turns at accepting: a flood waits here, not in time-outs of the table.
    accepting: Semaphore,
    runner: runner::Runner,
    waiters: waiters::Waiters,
}

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
            HeldUp = u8::from(self.held_up(now).is_some_and(is_failure)),
            %tenant,
            calls_left_this_minute = self.budget.minute.remaining(),
            calls_left_this_hour = self.budget.hour.remaining(),
            held_up_by = self.held_up(now).map(|hold| hold.reason.as_str()),
            "backlog"
        );
    }
}

/// Whether it is a failure outside that keeps everything from being sent.
fn is_failure(hold: &Hold) -> bool {
    !hold.routine_only && hold.reason != BUDGET_SPENT
}

impl Relay {
    /// A relay with an empty memory.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner {
            parts,
            budget: permit::Budget::default(),
            resting: resting::Resting::default(),
            accepting: Semaphore::new(accept::ACCEPTS_AT_ONCE),
            runner: runner::Runner::default(),
            waiters: waiters::Waiters::default(),
        }))
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
        let (token, table) = futures_util::join!(self.0.parts.tokens.get(), self.used_in_minute());
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
        Ok(Report { budget: budget::report(ledger.as_ref(), *limits, clock.now()), backlog, drain })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neither_the_pace_nor_the_budget_is_a_failure() {
        let hold = |routine_only, reason: &str| Hold {
            until: Timestamp::default(),
            routine_only,
            reason: reason.into(),
            in_a_row: 0,
        };
        assert!(is_failure(&hold(false, "defender_unavailable: status 503")));
        assert!(!is_failure(&hold(true, "gathering")));
        assert!(!is_failure(&hold(true, BUDGET_SPENT)) && !is_failure(&hold(false, BUDGET_SPENT)));
    }
}
