//! Sends the batches of a round to Defender.
//!
//! Invariant: at most [`CALLS_AT_ONCE`] batches are under way, and no two of them touch the same machine and tag. After
//! an interrupt, no batch of a class that it concerns is begun. An interrupt of routine work does not stop urgent work.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use tokio::task::JoinSet;

use super::call::ATTEMPTS_PER_CALL;
use super::interrupt::Interrupt;
use super::lease::Drain;
use super::outcomes::RoundOutcomes;
use crate::domain::drain::{Batch, Settling, Slot, in_turn};
use crate::domain::{MachineId, Outcome, RequestRecord, Timestamp};

/// Batches of a round under way at once.
const CALLS_AT_ONCE: usize = 4;
/// Batches that are sent before the backlog is read again, so that urgent requests need not wait for long.
pub(super) const BATCHES_PER_ROUND: usize = 16;
/// Milliseconds before a machine that was not found is sent again. Defender has been seen to know it a moment later.
const SEND_AGAIN_AFTER_MS: i64 = 1_000;

/// A batch that was sent, with the outcomes of its machines.
struct SentBatch {
    batch: Batch,
    outcomes: HashMap<MachineId, Outcome>,
    result: Result<(), Interrupt>,
}

impl Drain {
    /// Sends batches and writes their outcomes into the round.
    pub(super) async fn send_all(
        self: &Arc<Self>,
        outcomes: &mut RoundOutcomes,
        batches: Vec<Batch>,
    ) -> Result<(), Interrupt> {
        let batches = if self.is_probing() { in_turn(batches, self.unanswered_in_a_row()) } else { batches };
        let mut waiting: VecDeque<_> = batches.into_iter().take(BATCHES_PER_ROUND).collect();
        let mut under_way = JoinSet::new();
        let mut result = Ok(());
        loop {
            let at_once = if self.is_probing() { 1 } else { CALLS_AT_ONCE };
            while under_way.len() < at_once {
                let Some(batch) = waiting.pop_front() else { break };
                under_way.spawn(Arc::clone(self).send_batch(batch));
            }
            let Some(sent) = under_way.join_next().await else { break };
            let kept = match sent {
                Ok(sent) => self.keep_outcomes(outcomes, sent).await,
                Err(error) => {
                    tracing::error!(%error, "a flight has failed");
                    Err(Interrupt::Lost)
                }
            };
            if let Err(interrupt) = &kept {
                waiting.retain(|batch| !interrupt.concerns(batch.priority));
            }
            result = Interrupt::weightier(result, kept);
        }
        result
    }

    /// Makes the calls of one batch, one after the other.
    async fn send_batch(self: Arc<Self>, batch: Batch) -> SentBatch {
        let mut settling = Settling::new(&batch.members);
        let mut attempts = ATTEMPTS_PER_CALL;
        let mut result = Ok(());
        while let Some(machines) = settling.next_call() {
            match self.call(&batch, machines, attempts).await {
                Ok(verdict) => {
                    let is_sent_again = settling.asks_again_after(&verdict);
                    settling.absorb(verdict);
                    if is_sent_again {
                        self.clock().wait_until(self.clock().now().plus_ms(SEND_AGAIN_AFTER_MS)).await;
                    }
                }
                Err(Interrupt::Unavailable { not_before, .. }) if self.may_search(not_before).await => {
                    attempts = 1;
                    self.quarantine(&batch, &settling.bisect());
                }
                Err(interrupt) => {
                    result = Err(interrupt);
                    break;
                }
            }
        }
        let outcomes = settling.into_outcomes();
        SentBatch { batch, outcomes, result }
    }

    /// Whether a call without an answer concerns only its own machines, because Defender answers other calls, and
    /// whether there is time to find out which machines. Returns when the call is over for certain.
    async fn may_search(&self, not_before: Timestamp) -> bool {
        self.has_answered() && self.take_search() && self.wait_for_a_call_at(not_before).await
    }

    fn quarantine(&self, batch: &Batch, unanswered: &[MachineId]) {
        if !unanswered.is_empty() {
            tracing::warn!(
                tenant = %self.tenant(),
                tag = batch.tag.as_str(),
                machines = unanswered.len(),
                "Defender answers others and not for these: they rest"
            );
            self.inner.quarantine.isolate(batch, unanswered, self.clock().now());
        }
    }

    /// Writes a batch's outcomes into the round and makes the requests durable that are done with it.
    async fn keep_outcomes(&self, outcomes: &mut RoundOutcomes, sent: SentBatch) -> Result<(), Interrupt> {
        let mut by_outcome: HashMap<&Outcome, Vec<Slot>> = HashMap::new();
        for member in &sent.batch.members {
            if let Some(outcome) = sent.outcomes.get(&member.machine) {
                by_outcome.entry(outcome).or_default().extend(member.slots());
            }
        }
        for (outcome, slots) in by_outcome {
            outcomes.set(&slots, outcome);
        }
        let saved = self.save(outcomes, RequestRecord::is_done).await;
        Interrupt::weightier(sent.result, saved)
    }
}
