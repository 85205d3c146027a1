//! The laws, and the exact check of the windows.
//!
//! A call may be counted at any moment of `[from, until]`, independently of the other calls. In the worst case
//! it is in the window `[x, x + W]` iff `from <= x + W` and `until >= x`. So the most that Defender can ever
//! find in a closed window is the greatest number of such intervals that meet one window. It is enough to
//! check the windows that begin at the end of some interval, because a later start up to there loses none.
//! Where `from` and `until` both grow with k, that number exceeds L iff `from_{k+L} - until_k <= W` for some k.

use crate::domain::values::Priority;

/// Which law was broken, with what was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Violation {
    /// So many calls can be counted in 60 seconds.
    Minute(usize),
    /// So many calls can be counted in 3,600 seconds.
    Hour(usize),
    /// So many calls were counted in the table while a pause stood.
    Paused(usize),
    /// A routine call was counted where so many others already left only the reserve.
    Reserve(usize),
}

/// When a call may be counted, in milliseconds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Interval {
    pub(super) from_ms: i64,
    pub(super) until_ms: i64,
}

/// The most of these calls that one closed window of that length can hold.
pub(super) fn most_in_window(calls: &[Interval], window_ms: i64) -> usize {
    let mut from: Vec<i64> = calls.iter().map(|call| call.from_ms).collect();
    let mut until: Vec<i64> = calls.iter().map(|call| call.until_ms).collect();
    from.sort_unstable();
    until.sort_unstable();
    let mut begun = 0;
    let mut ended = 0;
    let mut most = 0;
    for start in &until {
        while from.get(begun).is_some_and(|from| *from <= start + window_ms) {
            begun += 1;
        }
        while until.get(ended).is_some_and(|until| until < start) {
            ended += 1;
        }
        most = most.max(begun - ended);
    }
    most
}

/// One call counted in the table: its second and its class.
#[derive(Clone, Copy, Debug)]
pub(super) struct Counting {
    pub(super) second: i64,
    pub(super) class: Priority,
}

/// The first routine counting, in the table's order, that went beyond what is routine's in sixty seconds.
pub(super) fn reserve_used(countings: &[Counting], routine_per_minute: u32) -> Option<usize> {
    let mut oldest = 0;
    for (newest, counting) in countings.iter().enumerate() {
        while countings.get(oldest).is_some_and(|old| old.second <= counting.second - 60) {
            oldest += 1;
        }
        let in_window = newest + 1 - oldest;
        if counting.class == Priority::Routine && in_window > routine_per_minute as usize {
            return Some(in_window);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_closed_at_both_ends_and_calls_are_counted_when_it_is_worst() {
        let call = |from_ms, until_ms| Interval { from_ms, until_ms };
        assert_eq!(most_in_window(&[call(0, 10), call(70, 80)], 60), 2);
        assert_eq!(most_in_window(&[call(0, 10), call(71, 80)], 60), 1);
        assert_eq!(
            most_in_window(&[call(0, 100), call(0, 10), call(71, 80)], 60),
            2,
            "a long one meets both"
        );
        assert_eq!(most_in_window(&[], 60), 0);
    }
}
