//! The ledger: the counts behind the budget, as one small item keeps them.
//!
//! Invariant: closed counts change only when the head moves on. So the room in the head's second, by class, is
//! fixed when the head moves there, and is written beside the counts. A write that keeps below that room needs to
//! know nothing else.

use super::limits::{CALLS_PER_HOUR, Limits, Quota, Terms};
use super::packed::{Malformed, pack, unpack};
use super::spans::Spans;
use crate::domain::values::{Priority, Timestamp};

/// Closed seconds that matter to the minute.
const SECONDS: usize = 73;
/// Blocks that matter to the hour: the head's own, closed part only, and those that began within the span.
const BLOCKS: usize = 182;
/// Seconds in a block of the hour's counts. A block counts as long as any of its seconds does.
const BLOCK_S: i64 = 20;

#[expect(clippy::cast_possible_wrap, reason = "two small constants")]
const _: () = {
    assert!(SECONDS as i64 == Spans::SAFE.minute_s - 1, "one count for each closed second of the span");
    assert!(BLOCKS as i64 == (Spans::SAFE.hour_s - 1 + BLOCK_S - 1) / BLOCK_S + 1, "the span at any offset");
    assert!(CALLS_PER_HOUR <= u16::MAX as u32, "a count fits its two bytes");
};

/// The version of the ledger's layout and margins.
pub const RULES_VERSION: u32 = 2;

/// Greatest `calls` that the head's second may reach, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// For urgent calls.
    pub urgent: u32,
    /// For routine calls.
    pub routine: u32,
}

impl Room {
    pub(super) const fn of(self, class: Priority) -> u32 {
        match class {
            Priority::Urgent => self.urgent,
            Priority::Routine => self.routine,
        }
    }
}

/// The counts behind the budget.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ledger {
    /// The newest second with a call.
    pub head: i64,
    /// Calls counted in that second.
    pub calls: u32,
    /// How far they may go there.
    pub room: Room,
    /// The limits that the room was computed for.
    pub room_for: Terms,
    /// No permit is given before this moment.
    pub paused_until: Timestamp,
    /// [`RULES_VERSION`] of the instance that wrote the ledger.
    pub rules: u32,
    /// Closed counts of the seconds before the head, newest first.
    pub(super) minute: [u16; SECONDS],
    /// Closed counts of blocks of [`BLOCK_S`] seconds, the head's own first.
    pub(super) hour: [u16; BLOCKS],
}

impl Ledger {
    /// A ledger whose first calls are counted in second `head`.
    pub fn new(head: i64, calls: u32, limits: Limits) -> Self {
        let mut ledger = Self {
            head,
            calls,
            room: Room { urgent: 0, routine: 0 },
            room_for: limits.terms(),
            paused_until: Timestamp::default(),
            rules: RULES_VERSION,
            minute: [0; SECONDS],
            hour: [0; BLOCKS],
        };
        ledger.fix_room(limits);
        ledger
    }

    /// The ledger with its head moved on to `second`, `calls` counted there and the room fixed by `limits`.
    /// A `second` that is not after the head moves nothing.
    #[must_use]
    pub fn rolled_to(&self, second: i64, calls: u32, limits: Limits) -> Self {
        let mut next = self.clone();
        let ahead = second.saturating_sub(self.head);
        if ahead > 0 {
            next.close_head(ahead);
        }
        next.calls += calls;
        next.fix_room(limits);
        next
    }

    fn close_head(&mut self, ahead: i64) {
        let calls = u16::try_from(self.calls).unwrap_or(u16::MAX);
        let from = self.head;
        self.head = from.saturating_add(ahead);
        self.calls = 0;
        shift(&mut self.minute, ahead);
        if let Some(count) = usize::try_from(ahead - 1).ok().and_then(|at| self.minute.get_mut(at)) {
            *count = calls;
        }
        if let Some(own) = self.hour.first_mut() {
            *own = own.saturating_add(calls);
        }
        shift(&mut self.hour, block(self.head) - block(from));
    }

    fn fix_room(&mut self, limits: Limits) {
        self.room_for = limits.terms();
        self.room = Room {
            urgent: self.full_at_head(limits, Priority::Urgent),
            routine: self.full_at_head(limits, Priority::Routine),
        };
    }

    /// What the closed counts leave to the head's second.
    pub(super) fn full_at_head(&self, limits: Limits, class: Priority) -> u32 {
        let used = self.used_at(self.head, limits);
        let quota = limits.of(class);
        let minute = quota.per_minute.saturating_sub(used.per_minute - self.calls);
        minute.min(quota.per_hour.saturating_sub(used.per_hour - self.calls))
    }

    /// Calls that count in the spans that end with `second`, which is not before the head.
    pub fn used_at(&self, second: i64, limits: Limits) -> Quota {
        let spans = limits.spans();
        let ahead = second.saturating_sub(self.head);
        let seconds = spans.minute_s.saturating_sub(ahead);
        let head_in_minute = if seconds > 0 { self.calls } else { 0 };
        let oldest = block(second.saturating_sub(spans.hour_s - 1));
        let blocks = block(self.head) - oldest + 1;
        let head_in_hour = if blocks > 0 { self.calls } else { 0 };
        Quota {
            per_minute: head_in_minute + newest(&self.minute, seconds - 1),
            per_hour: head_in_hour + newest(&self.hour, blocks),
        }
    }

    /// Calls of a class that still fit into `second`, which is not before the head.
    pub fn free_at(&self, second: i64, limits: Limits, class: Priority) -> u32 {
        let used = self.used_at(second, limits);
        let quota = limits.of(class);
        let minute = quota.per_minute.saturating_sub(used.per_minute);
        minute.min(quota.per_hour.saturating_sub(used.per_hour))
    }

    /// The ledger after Defender has refused a call at `now` although every call had its permit, so others use the
    /// app too. What was left of the minute is charged to them. It is spread evenly, so that its oldest part stops
    /// counting at the moment from which Defender takes calls again.
    #[must_use]
    pub(super) fn charged(&self, now: Timestamp, paused_until: Timestamp, limits: Limits) -> Self {
        let second = now.second().max(self.head);
        let mut next = self.rolled_to(second, 0, limits);
        let theirs = next.free_in_minute(limits);
        let wait_s = paused_until.second().saturating_sub(second);
        next.spread(theirs, limits.spans().minute_s.saturating_sub(wait_s).saturating_add(1));
        next.paused_until = paused_until.max(self.paused_until);
        next.fix_room(limits);
        next
    }

    fn free_in_minute(&self, limits: Limits) -> u32 {
        let used = self.used_at(self.head, limits).per_minute;
        limits.of(Priority::Urgent).per_minute.saturating_sub(used)
    }

    /// Adds calls evenly over the last `seconds`, the head's own among them. In the hour they count as new.
    fn spread(&mut self, calls: u32, seconds: i64) {
        let seconds = u32::try_from(seconds.clamp(1, Spans::SAFE.minute_s)).unwrap_or(1);
        let until = |place: u32| (calls * place).div_ceil(seconds);
        let share = |age: u32| until(seconds - age) - until(seconds - age - 1);
        let places = self.minute.iter_mut().take(seconds as usize - 1);
        for (age, count) in (1..).zip(places) {
            *count = count.saturating_add(u16::try_from(share(age)).unwrap_or(u16::MAX));
        }
        self.calls += share(0);
        if let Some(own) = self.hour.first_mut() {
            *own = own.saturating_add(u16::try_from(calls - share(0)).unwrap_or(u16::MAX));
        }
    }

    /// A ledger in place of one whose counts cannot be read. It counts both windows as full now.
    pub(super) fn full(second: i64, paused_until: Timestamp, limits: Limits) -> Self {
        let Quota { per_minute, per_hour } = limits.of(Priority::Urgent);
        Self { paused_until, ..Self::new(second, per_minute.max(per_hour), limits) }
    }

    /// The closed counts, packed: the minute's, then the hour's.
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

/// The first second from `from` on of which `holds` is true. `holds` must stay true once it is true, and must be
/// true when no call counts any more.
pub(super) fn first_second(from: i64, limits: Limits, holds: impl Fn(i64) -> bool) -> i64 {
    if holds(from) {
        return from;
    }
    let mut low = from;
    let mut high = from.saturating_add(limits.spans().hour_s + BLOCK_S);
    while high - low > 1 {
        let middle = low + (high - low) / 2;
        if holds(middle) { high = middle } else { low = middle }
    }
    high
}

fn block(second: i64) -> i64 {
    second.div_euclid(BLOCK_S)
}

/// The sum of the newest `count` counts.
fn newest(counts: &[u16], count: i64) -> u32 {
    let count = usize::try_from(count).unwrap_or(0);
    counts.iter().take(count).copied().map(u32::from).sum()
}

/// Moves counts to older places; the freed ones are zero.
fn shift(counts: &mut [u16], by: i64) {
    let by = usize::try_from(by).unwrap_or(usize::MAX).min(counts.len());
    counts.rotate_right(by);
    counts.iter_mut().take(by).for_each(|count| *count = 0);
}
