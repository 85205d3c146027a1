//! The most calls that the relay's budget can grant in a time.

/// Calls, and the seconds that they are limited to, as `docs/budget.md` derives them from Defender's minute and hour.
const SPANS: [(usize, usize); 2] = [(100, 74), (1_500, 3_614)];

/// The most calls with this many seconds from the first to the last.
pub(super) fn calls_at_most(seconds: usize) -> usize {
    SPANS.iter().map(|(calls, span_s)| calls * (1 + seconds / span_s)).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_minutes_calls_come_at_once_and_again_after_each_span_until_the_hours_are_spent() {
        assert_eq!([0, 73, 74, 600].map(calls_at_most), [100, 100, 200, 900]);
        assert_eq!([3_613, 3_614].map(calls_at_most), [1_500, 3_000]);
    }
}
