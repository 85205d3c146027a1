//! The relay of one tenant: what others may ask of it. Each method hands on to the file that does the work.

use std::sync::Arc;

use super::accept::{self, AcceptError, Accepted, Delivery, RetryError};
use super::drain;
use super::parts::{Inner, Parts};
use super::report::{self, Report};
use super::schedule;
use crate::clock::Clock;
use crate::domain::budget::{BudgetReport, Limits};
use crate::domain::{Priority, RequestId, RequestRecord, SourceName, TenantName, Timestamp};
use crate::inbound::{Allowed, DeliveryKey, Verified};
use crate::store::{RejectedWebhook, StoreError};

/// The relay of one tenant. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Relay(Arc<Inner>);

impl Relay {
    /// A relay with an empty memory.
    pub fn new(parts: Parts) -> Self {
        Self(Arc::new(Inner::new(parts)))
    }

    /// The tenant whose machines it tags.
    pub fn tenant(&self) -> &TenantName {
        &self.0.parts.tenant
    }

    /// The clock that everything here uses.
    pub fn clock(&self) -> &Clock {
        &self.0.parts.clock
    }

    /// How many calls are allowed.
    pub fn limits(&self) -> Limits {
        self.0.parts.limits
    }

    /// Makes all requests of a delivery durable, or none of them. Requests of a delivery that was accepted before are
    /// given back, as far as they are still kept.
    pub async fn accept(&self, delivery: Delivery) -> Result<Vec<Accepted>, AcceptError> {
        accept::accept(&self.0, delivery).await
    }

    /// Takes the failed machines of a request up again. `allowed` shows that the source may still ask for them.
    pub async fn retry(&self, record: RequestRecord, allowed: &Allowed) -> Result<Accepted, RetryError> {
        accept::retry(&self.0, record, allowed).await
    }

    /// Whether a webhook arrived first so long ago that its request may be forgotten. The caller asks before it accepts.
    pub async fn was_taken_long_ago(
        &self,
        verified: &Verified,
        delivery: &DeliveryKey,
    ) -> Result<bool, StoreError> {
        accept::was_taken_long_ago(&self.0, verified, delivery).await
    }

    /// Keeps why a verified webhook can never succeed: a problem's code and its detail.
    pub async fn keep_rejected(
        &self,
        source: &SourceName,
        content: &str,
        problem: (&str, &str),
    ) -> Result<RejectedWebhook, StoreError> {
        accept::keep_rejected(&self.0, source, content, problem).await
    }

    /// The rejected webhook of this id.
    pub async fn rejected(&self, id: RequestId) -> Result<Option<RejectedWebhook>, StoreError> {
        accept::load_rejected(&self.0, id).await
    }

    /// A request and what became of it so far.
    pub async fn request(&self, id: RequestId) -> Result<Option<RequestRecord>, StoreError> {
        self.0.parts.store.load(id).await
    }

    /// How the budget and the backlog stand.
    pub async fn report(&self) -> Result<Report, StoreError> {
        report::report(&self.0).await
    }

    /// The budget as this process last saw it, or nothing if it has not.
    pub fn budget_last_seen(&self) -> Option<BudgetReport> {
        self.0.budget.last_report()
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

    /// Does what is due each minute: drains, and logs what still waits.
    pub async fn on_schedule(&self, stop_before: Timestamp) {
        schedule::on_schedule(&self.0, stop_before).await;
    }

    /// Fetches a token, and opens the connection to the table.
    pub(super) async fn warm_up(&self) {
        schedule::warm_up(&self.0).await;
    }
}
