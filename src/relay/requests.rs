//! The requests of a round, read from the backlog at once, and the writing of what became of them.
//!
//! Invariant: that a change is superseded is durable before the change that takes its place is sent. So
//! whatever moment the drain ends at, what is left in the backlog leads to the same end.

use std::collections::BTreeMap;

use futures_util::{StreamExt, stream};

use super::drain::Holding;
use super::stop::Stop;
use super::{Relay, trail};
use crate::domain::drain::{Slot, set_outcome};
use crate::domain::{Outcome, RequestRecord, Timestamp};
use crate::store::Save;

/// Writes of outcomes under way at once.
const SAVES_AT_ONCE: usize = 16;
/// Writes of outcomes before the lease is looked at again.
const SAVES_PER_LOOK: usize = 512;

/// The requests of a round.
#[derive(Debug)]
pub(super) struct Requests {
    records: Vec<RequestRecord>,
    /// Those whose outcomes have changed since they were written, by index, and which of their machines.
    changed: BTreeMap<usize, Vec<usize>>,
}

impl Requests {
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
}

impl Relay {
    /// Makes durable what the fold gives up: superseded and expired changes.
    pub(super) async fn save_given_up(
        &self,
        holding: &Holding,
        requests: &mut Requests,
        superseded: &[Slot],
        expired: &[Slot],
    ) -> Result<(), Stop> {
        requests.set(superseded, &Outcome::Superseded);
        requests.set(expired, &Outcome::Expired);
        self.save(holding, requests, |_| true).await
    }

    /// Makes the changed outcomes of some requests durable and tells those who wait.
    pub(super) async fn save(
        &self,
        holding: &Holding,
        requests: &mut Requests,
        which: impl Fn(&RequestRecord) -> bool,
    ) -> Result<(), Stop> {
        let chosen: Vec<_> =
            requests.changed.keys().copied().filter(|&at| which(&requests.records[at])).collect();
        for some in chosen.chunks(SAVES_PER_LOOK) {
            self.save_some(requests, some).await?;
            self.keep(holding).await?;
        }
        Ok(())
    }

    async fn save_some(&self, requests: &mut Requests, chosen: &[usize]) -> Result<(), Stop> {
        let (store, now) = (&self.0.parts.store, self.clock().now());
        let saves = stream::iter(chosen.iter().copied()).map(|at| {
            let record = &requests.records[at];
            async move { (at, store.save(record, now).await) }
        });
        let results: Vec<_> = saves.buffer_unordered(SAVES_AT_ONCE).collect().await;
        let mut failed = None;
        for (at, result) in results {
            match result {
                Ok(Save::Saved) => self.saved(requests, at, now),
                Ok(Save::Changed) => failed = Some(Stop::Lost),
                Err(error) => failed = Some(error.into()),
            }
        }
        failed.map_or(Ok(()), Err)
    }

    fn saved(&self, requests: &mut Requests, at: usize, now: Timestamp) {
        let machines = requests.changed.remove(&at).unwrap_or_default();
        let record = &mut requests.records[at];
        trail::ended(self.tenant(), record, &machines, now);
        record.revision += 1;
        if record.is_done() {
            record.queued = None;
            self.0.waiters.tell(record);
        }
    }
}
