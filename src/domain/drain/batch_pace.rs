//! The pace: decides which batches leave now, and which gather a little longer so that their calls are fuller.
//!
//! Invariant: full batches and urgent batches leave at once, and every batch does while few calls were made. The
//! other batches gather and then leave together. They gather longer when fewer calls are left, but they leave at
//! most [`GATHER_MAX_MS`] after the oldest request among them was queued.

use super::fold::{Batch, Member};
use crate::domain::{Priority, RequestRecord, Timestamp};

/// Calls in the budget's minute that leave as soon as there is anything to send: a burst of one-machine
/// requests costs no more than a tenth of the minute.
const CALLS_AT_ONCE: usize = 8;
/// The same for a request that waits alone. A caller that sends one request after the other gains nothing if
/// they gather.
const CALLS_AT_ONCE_ALONE: usize = 50;
/// Milliseconds that batches gather after that. This is longer than a native request waits for its outcome, so
/// that a caller that sends one request after the other gets 202 and goes on sending.
const GATHER_MS: i64 = 5_000;
/// Batches gather longer from this many calls in the budget's minute on. The hour's limit sustains 25 a minute.
const LONGER: [(usize, i64); 2] = [(50, GATHER_MAX_MS), (25, 2 * GATHER_MS)];
/// Longest time to gather, in milliseconds.
pub const GATHER_MAX_MS: i64 = 4 * GATHER_MS;

/// Batches, split by when they leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paced {
    /// The batches that leave now, in this order.
    pub now: Vec<Batch>,
    /// When the other batches leave, if there are any.
    pub gathering_until: Option<Timestamp>,
}

/// What the pace depends on beside the batches.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Calls that count in the budget's minute.
    pub calls: usize,
    /// Whether the fold saw the whole backlog. If not, the part that was not read may fill the batches.
    pub whole: bool,
}

/// Splits the batches of a fold by when they leave.
pub fn pace(
    batches: Vec<Batch>,
    requests: &[RequestRecord],
    machines_per_call: usize,
    usage: Usage,
    now: Timestamp,
) -> Paced {
    let is_full = |batch: &Batch| batch.members.len() >= machines_per_call;
    let full = batches.iter().filter(|batch| is_full(batch)).count();
    if full > 0 && !usage.whole {
        let leaves = |batch: &Batch| is_full(batch) || batch.priority == Priority::Urgent;
        return Paced { now: batches.into_iter().filter(leaves).collect(), gathering_until: None };
    }
    let at_once = if is_alone(&batches) { CALLS_AT_ONCE_ALONE } else { CALLS_AT_ONCE };
    let mut free = at_once.saturating_sub(usage.calls + full);
    let mut paced = Paced::default();
    let mut gathering = Vec::new();
    for batch in batches {
        if is_full(&batch) || batch.priority == Priority::Urgent {
            paced.now.push(batch);
        } else if free > 0 {
            free -= 1;
            paced.now.push(batch);
        } else {
            gathering.push(batch);
        }
    }
    // The clock of the accepting instance may have been ahead, so a moment in the future counts as now.
    let oldest = gathering.iter().filter_map(|batch| oldest_queued_at(batch, requests)).min();
    let oldest = oldest.map(|oldest| oldest.min(now));
    let until = oldest.map(|queued_at| queued_at.plus_ms(gather_ms(usage.calls + gathering.len())));
    match until {
        Some(until) if until > now => paced.gathering_until = Some(until),
        _ => paced.now.extend(gathering),
    }
    paced
}

/// Whether all batches belong to one request.
fn is_alone(batches: &[Batch]) -> bool {
    let mut slots =
        batches.iter().flat_map(|batch| &batch.members).flat_map(Member::slots).map(|slot| slot.request);
    let first = slots.next();
    slots.all(|request| Some(request) == first)
}

/// How long batches gather if this many calls count in the budget's minute once they have left.
fn gather_ms(calls: usize) -> i64 {
    LONGER.iter().find(|(from, _)| calls >= *from).map_or(GATHER_MS, |(_, ms)| *ms)
}

/// When the oldest request of a batch was queued.
fn oldest_queued_at(batch: &Batch, requests: &[RequestRecord]) -> Option<Timestamp> {
    batch
        .members
        .iter()
        .flat_map(Member::slots)
        .filter_map(|slot| requests.get(slot.request))
        .map(|record| record.queued_at)
        .min()
}

#[cfg(test)]
mod tests;
