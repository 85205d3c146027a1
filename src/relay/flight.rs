//! Flights: the batches of a round on their way to Defender and back.
//!
//! Invariant: at most [`CALLS_AT_ONCE`] batches are under way, none touching the machine and tag of another;
//! after the first obstacle none is begun.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::task::JoinSet;

use super::Relay;
use super::call::ATTEMPTS_PER_CALL;
use super::drain::Holding;
use super::requests::Requests;
use super::stop::Stop;
use crate::domain::drain::{Batch, Slot};
use crate::domain::drain::Settling;
use crate::domain::{MachineId, Outcome, RequestRecord, Timestamp};

/// Batches of a round under way at once.
const CALLS_AT_ONCE: usize = 4;
/// Batches sent before the backlog is read again, so that urgent requests need not wait for long.
pub(super) const BATCHES_PER_ROUND: usize = 16;
/// Milliseconds before a machine that was not found is asked for again: it has been seen to be there a moment later.
const ASK_AGAIN_AFTER_MS: i64 = 1_000;

/// A batch that is back.
struct Landed {
    batch: Batch,
    outcomes: HashMap<MachineId, Outcome>,
    stopped: Option<Stop>,
}

impl Relay {
    /// Sends batches and writes what became of them into the round.
    pub(super) async fn fly_all(
        &self,
        holding: &Arc<Holding>,
        requests: &mut Requests,
        batches: Vec<Batch>,
    ) -> Result<(), Stop> {
        let mut waiting = in_turn(batches, holding).into_iter().take(BATCHES_PER_ROUND);
        let mut flights = JoinSet::new();
        let mut stopped: Option<Stop> = None;
        loop {
            let at_once = if holding.is_probing() { 1 } else { CALLS_AT_ONCE };
            while stopped.is_none() && flights.len() < at_once {
                let Some(batch) = waiting.next() else { break };
                flights.spawn(self.clone().fly(Arc::clone(holding), batch));
            }
            let Some(landed) = flights.join_next().await else { break };
            let landed = match landed {
                Ok(landed) => self.land(holding, requests, landed).await,
                Err(error) => {
                    tracing::error!(%error, "a flight has failed");
                    Err(Stop::Lost)
                }
            };
            stopped = both(stopped, landed);
        }
        stopped.map_or(Ok(()), Err)
    }

    async fn fly(self, holding: Arc<Holding>, batch: Batch) -> Landed {
        let mut settling = Settling::new(batch.members.iter().map(|(machine, _)| *machine).collect());
        let (mut stopped, mut attempts) = (None, ATTEMPTS_PER_CALL);
        while let Some(machines) = settling.next_call() {
            match self.call(&holding, &batch, machines, attempts).await {
                Ok(judgement) => {
                    let asks_again = settling.asks_again_after(&judgement);
                    settling.absorb(judgement);
                    if asks_again {
                        self.clock().wait_until(self.clock().now().plus_ms(ASK_AGAIN_AFTER_MS)).await;
                    }
                }
                Err(Stop::Unavailable { not_before, .. }) if self.may_search(&holding, not_before).await => {
                    attempts = 1;
                    let unanswered = settling.bisect();
                    self.rest(&batch, &unanswered);
                }
                Err(stop) => {
                    stopped = Some(stop);
                    break;
                }
            }
        }
        Landed { batch, outcomes: settling.into_outcomes(), stopped }
    }

    /// Whether a call without an answer is about its own machines, because Defender answers others, and there is time to
    /// find out which. Returns when the call is over for certain.
    async fn may_search(&self, holding: &Holding, not_before: Timestamp) -> bool {
        holding.has_answered() && holding.may_search() && self.wait_for_a_call_at(not_before).await
    }

    fn rest(&self, batch: &Batch, unanswered: &[MachineId]) {
        if !unanswered.is_empty() {
            let (tenant, tag, machines) = (self.tenant(), batch.tag.as_str(), unanswered.len());
            tracing::warn!(%tenant, tag, machines, "Defender answers others and not for these: they rest");
            self.0.resting.rest(batch, unanswered, self.clock().now());
        }
    }

    /// Writes a batch's outcomes into the round and makes the requests durable that are done with it.
    async fn land(&self, holding: &Holding, requests: &mut Requests, landed: Landed) -> Result<(), Stop> {
        let mut by_outcome: HashMap<&Outcome, Vec<Slot>> = HashMap::new();
        for (machine, slot) in &landed.batch.members {
            if let Some(outcome) = landed.outcomes.get(machine) {
                by_outcome.entry(outcome).or_default().push(*slot);
            }
        }
        for (outcome, slots) in by_outcome {
            requests.set(&slots, outcome);
        }
        let saved = self.save(holding, requests, RequestRecord::is_done).await;
        both(landed.stopped, saved).map_or(Ok(()), Err)
    }
}

/// The batches in the order they leave. A batch that is never answered must not be the only one that is tried: where one
/// has to show that Defender answers again, it is another each time.
fn in_turn(mut batches: Vec<Batch>, holding: &Holding) -> Vec<Batch> {
    if holding.is_probing() && !batches.is_empty() {
        let first = holding.unanswered_in_a_row as usize % batches.len();
        batches.rotate_left(first);
    }
    batches
}

/// The weightier of the reasons to stop, if there is any.
pub(super) fn both(stopped: Option<Stop>, result: Result<(), Stop>) -> Option<Stop> {
    match (stopped, result.err()) {
        (Some(one), Some(other)) => Some(one.or(other)),
        (one, other) => one.or(other),
    }
}
