//! The ledger: the counts behind the budget, as one small item keeps them.
//!
//! Invariant: closed counts change only when the head moves on.

use super::{BLOCK_S, CALLS_PER_HOUR, HOUR_SPAN_S, Limits, MINUTE_SPAN_S};
use crate::domain::Timestamp;

/// Closed seconds that matter to the minute.
const SECONDS: usize = 73;
/// Blocks that matter to the hour: the head's own, closed part only, and those that began within the span.
const BLOCKS: usize = 182;

#[expect(clippy::cast_possible_wrap, reason = "two small constants")]
const _: () = {
    assert!(SECONDS as i64 == MINUTE_SPAN_S - 1, "one count for each closed second of the span");
    assert!(BLOCKS as i64 == (HOUR_SPAN_S - 1 + BLOCK_S - 1) / BLOCK_S + 1, "the span at any offset");
    assert!(CALLS_PER_HOUR <= u16::MAX as u32, "a count fits its two bytes");
};

/// The version of the ledger's layout and margins. An instance refuses a ledger of another version.
pub const RULES_VERSION: u32 = 1;

/// The counts behind the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The newest second with a call.
    pub head: i64,
    /// Calls counted in that second.
    pub calls: u32,
    /// No permit is given before this moment.
    pub paused_until: Timestamp,
    /// [`RULES_VERSION`] of the instance that wrote the ledger.
    pub rules: u32,
    /// Closed counts of the seconds before the head, newest first.
    minute: [u16; SECONDS],
    /// Closed counts of blocks of [`BLOCK_S`] seconds, the head's own first.
    hour: [u16; BLOCKS],
}

/// A ledger's packed counts are not as they were written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the ledger's counts cannot be read")]
pub struct Malformed;

impl Ledger {
    /// A ledger whose first calls are counted in second `head`.
    pub fn new(head: i64, calls: u32) -> Self {
        Self {
            head,
            calls,
            paused_until: Timestamp::default(),
            rules: RULES_VERSION,
            minute: [0; SECONDS],
            hour: [0; BLOCKS],
        }
    }

    /// The ledger with its head moved on to `second` and no call counted there yet.
    /// A `second` that is not after the head changes nothing.
    #[must_use]
    pub fn rolled_to(&self, second: i64) -> Self {
        let ahead = second.saturating_sub(self.head);
        if ahead <= 0 {
            return self.clone();
        }
        let calls = u16::try_from(self.calls).unwrap_or(u16::MAX);
        let mut next = Self { head: second, calls: 0, ..self.clone() };
        shift(&mut next.minute, ahead);
        if let Some(count) = usize::try_from(ahead - 1).ok().and_then(|at| next.minute.get_mut(at)) {
            *count = calls;
        }
        if let Some(own) = next.hour.first_mut() {
            *own = own.saturating_add(calls);
        }
        shift(&mut next.hour, block(second) - block(self.head));
        next
    }

    /// Calls in the minute's span that ends with the head.
    pub fn used_in_minute(&self) -> u32 {
        self.calls + self.minute.iter().copied().map(u32::from).sum::<u32>()
    }

    /// Calls in the hour's span that ends with the head, in whole blocks.
    pub fn used_in_hour(&self) -> u32 {
        let oldest = block(self.head - (HOUR_SPAN_S - 1));
        let blocks = usize::try_from(block(self.head) - oldest + 1).unwrap_or(BLOCKS);
        self.calls + self.hour.iter().take(blocks).copied().map(u32::from).sum::<u32>()
    }

    /// Calls that may still be counted in the head's second.
    pub fn room(&self, limits: Limits) -> u32 {
        let minute = limits.per_minute.saturating_sub(self.used_in_minute());
        minute.min(limits.per_hour.saturating_sub(self.used_in_hour()))
    }

    /// The earliest moment, not before `now`, at which `calls` more fit; none if they never do.
    pub fn room_at(&self, limits: Limits, calls: u32, now: Timestamp) -> Option<Timestamp> {
        let fits = |second: i64| self.rolled_to(second).room(limits) >= calls;
        let mut low = now.second().max(self.head);
        if fits(low) {
            return Some(now);
        }
        let mut high = low + HOUR_SPAN_S + BLOCK_S;
        if !fits(high) {
            return None;
        }
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if fits(middle) { high = middle } else { low = middle }
        }
        Some(Timestamp::from_second(high))
    }

    /// The closed counts, packed: the minute's and the hour's. Trailing zeros are left out.
    pub fn packed(&self) -> (Vec<u8>, Vec<u8>) {
        (pack(&self.minute), pack(&self.hour))
    }

    /// The ledger with these packed closed counts.
    pub fn with_packed(mut self, minute: &[u8], hour: &[u8]) -> Result<Self, Malformed> {
        self.minute = unpack(minute)?;
        self.hour = unpack(hour)?;
        Ok(self)
    }
}

fn block(second: i64) -> i64 {
    second.div_euclid(BLOCK_S)
}

/// Moves counts to older places; the freed ones are zero.
fn shift(counts: &mut [u16], by: i64) {
    let by = usize::try_from(by).unwrap_or(usize::MAX).min(counts.len());
    counts.rotate_right(by);
    counts.iter_mut().take(by).for_each(|count| *count = 0);
}

fn pack(counts: &[u16]) -> Vec<u8> {
    let used = counts.iter().rposition(|&count| count != 0).map_or(0, |last| last + 1);
    counts.iter().take(used).flat_map(|count| count.to_le_bytes()).collect()
}

fn unpack<const N: usize>(bytes: &[u8]) -> Result<[u16; N], Malformed> {
    let mut counts = [0; N];
    if !bytes.len().is_multiple_of(2) || bytes.len() > N * 2 {
        return Err(Malformed);
    }
    for (count, pair) in counts.iter_mut().zip(bytes.chunks_exact(2)) {
        let &[low, high] = pair else { return Err(Malformed) };
        *count = u16::from_le_bytes([low, high]);
    }
    Ok(counts)
}
