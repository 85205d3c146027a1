//! The outcomes of a round: which ones have changed, and how they become durable.
//!
//! Invariant: that a change is superseded is durable before the change that takes its place is sent. So at whatever
//! moment the drain ends, the requests that are left in the backlog lead to the same outcomes.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::super::audit;
use super::interrupt::Interrupt;
use super::lease::Drain;
use crate::domain::drain::{Slot, set_outcome};
use crate::domain::{Outcome, RequestRecord, Timestamp};
use crate::store::Save;

/// Writes of outcomes under way at once.
const SAVES_AT_ONCE: usize = 16;
/// Writes of outcomes before the lease is checked again.
const SAVES_PER_CHECK: usize = 512;

/// The requests of a round, and their outcomes that are not durable yet.
#[derive(Debug)]
pub(super) struct RoundOutcomes {
    records: Vec<RequestRecord>,
    /// The machines whose outcomes have changed since they were written, by the index of their request.
    changed: BTreeMap<usize, Vec<usize>>,
}

impl RoundOutcomes {
    pub(super) fn new(records: Vec<RequestRecord>) -> Self {
        Self { records, changed: BTreeMap::new() }
    }

    /// Writes an outcome into the places of some machines.
    pub(super) fn set(&mut self, slots: &[Slot], outcome: &Outcome) {
        set_outcome(&mut self.records, slots, outcome);
        for slot in slots {
            self.changed.entry(slot.request).or_default().push(slot.machine);
        }
    }

    /// The indices of the requests that have changed and fit.
    fn changed(&self, fits: impl Fn(&RequestRecord) -> bool) -> Vec<usize> {
        self.changed.keys().copied().filter(|&index| fits(&self.records[index])).collect()
    }
}

impl Drain {
    /// Makes durable what the fold gives up: superseded and expired changes.
    pub(super) async fn save_given_up(
        &self,
        outcomes: &mut RoundOutcomes,
        superseded: &[Slot],
        expired: &[Slot],
    ) -> Result<(), Interrupt> {
        outcomes.set(superseded, &Outcome::Superseded);
        outcomes.set(expired, &Outcome::Expired);
        self.save(outcomes, |_| true).await
    }

    /// Makes the changed outcomes of the requests that fit durable, and notifies the callers that wait for them.
    pub(super) async fn save(
        &self,
        outcomes: &mut RoundOutcomes,
        fits: impl Fn(&RequestRecord) -> bool,
    ) -> Result<(), Interrupt> {
        for indices in outcomes.changed(fits).chunks(SAVES_PER_CHECK) {
            self.save_some(outcomes, indices).await?;
            self.ensure_lease().await?;
            // What is left is found again: 100,000 superseded requests take longer than an invocation.
            if self.clock().now() >= self.stop_before() {
                return Err(Interrupt::OutOfTime);
            }
        }
        Ok(())
    }

    async fn save_some(&self, outcomes: &mut RoundOutcomes, indices: &[usize]) -> Result<(), Interrupt> {
        let store = self.store();
        let now = self.clock().now();
        let saves = stream::iter(indices.iter().copied()).map(|index| {
            let record = &outcomes.records[index];
            async move { (index, store.save(record, now).await) }
        });
        let saves: Vec<_> = saves.buffer_unordered(SAVES_AT_ONCE).collect().await;
        let mut result = Ok(());
        for (index, saved) in saves {
            match saved {
                Ok(Save::Saved) => self.finish_save(outcomes, index, now),
                Ok(Save::Changed) => result = Err(Interrupt::Lost),
                Err(error) => result = Err(error.into()),
            }
        }
        result
    }

    /// Logs the outcomes that are durable now, and notifies the callers that wait for the request if it is done.
    fn finish_save(&self, outcomes: &mut RoundOutcomes, index: usize, now: Timestamp) {
        let machines = outcomes.changed.remove(&index).unwrap_or_default();
        let record = &mut outcomes.records[index];
        audit::ended(self.tenant(), record, &machines, now);
        record.revision += 1;
        if record.is_done() {
            record.queued = None;
            self.inner.waiters.finish(record);
        }
    }
}
