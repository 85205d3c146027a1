//! The pace: which batches leave now, and which gather a little longer so that their calls are fuller.
//!
//! Invariant: a full batch and an urgent one leave at once, and so does every batch while few calls were made.
//! No batch gathers for longer than [`GATHER_MS`] from when its oldest request was received.

use super::fold::Batch;
use super::{Priority, RequestRecord, Timestamp};

/// Calls in the budget's minute that leave as soon as there is anything to send: whoever sends a few requests
/// is served at once, and a burst of one-machine requests costs no more than a tenth of the minute.
const CALLS_AT_ONCE_A_MINUTE: usize = 8;
/// Milliseconds that a batch which is not full gathers after that. Longer than a native request waits for its
/// outcome, so that callers who send one request after the other are answered 202 and go on sending.
pub const GATHER_MS: i64 = 5_000;

/// Batches, parted by when they leave.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paced {
    /// They leave now, in this order.
    pub now: Vec<Batch>,
    /// When the next of the others leaves, if there are others.
    pub gathering_until: Option<Timestamp>,
}

/// What the pace depends on beside the batches.
#[derive(Clone, Copy, Debug)]
pub struct Usage {
    /// Calls that count in the budget's minute.
    pub calls: usize,
    /// Whether the fold saw the whole backlog. If not, what is missing in a batch may lie beyond.
    pub whole: bool,
}

/// Parts the batches of a fold.
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
        return Paced { now: batches.into_iter().filter(is_full).collect(), gathering_until: None };
    }
    let mut free = CALLS_AT_ONCE_A_MINUTE.saturating_sub(usage.calls + full);
    let mut paced = Paced::default();
    for batch in batches {
        let leaves_at = leaves_at(&batch, requests);
        if is_full(&batch) || batch.priority == Priority::Urgent || leaves_at <= now {
            paced.now.push(batch);
        } else if free > 0 {
            free -= 1;
            paced.now.push(batch);
        } else {
            let until = paced.gathering_until.map_or(leaves_at, |until: Timestamp| until.min(leaves_at));
            paced.gathering_until = Some(until);
        }
    }
    paced
}

/// When a batch has gathered long enough.
fn leaves_at(batch: &Batch, requests: &[RequestRecord]) -> Timestamp {
    let asked = batch.members.iter().filter_map(|(_, slot)| requests.get(slot.request));
    let oldest = asked.map(|record| record.queued_at).min();
    oldest.unwrap_or_default().plus_ms(GATHER_MS)
}

#[cfg(test)]
mod tests;
