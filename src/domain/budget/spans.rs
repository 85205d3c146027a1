//! The margins: how many consecutive seconds may hold a window's limit.
//!
//! Invariant (the lemma, proven in `docs/budget.md`): let the k-th permit's call be counted by Defender within
//! `[a_k, b_k]`, both growing with k. No closed window of length W can hold more than L calls iff
//! `a_{k+L} - b_k > W` for every k. A permit of second `s` is written to the wire within `[s, s + 3)` by its
//! holder's clock and counted at most ten seconds later, and clocks differ by at most 100 ms; so it is enough
//! that any `floor(W + 3 + 10 + 0.2) + 1` consecutive seconds hold at most L permits.

/// Seconds from the start of a permit's second until it is too old to be used.
pub const USE_BY_S: i64 = 3;
/// Seconds between the writing of a call and its counting that the budget allows for.
pub const COUNTED_WITHIN_S: i64 = 10;
/// Milliseconds that clocks may be off, either way.
pub const CLOCK_SKEW_MS: i64 = 100;

/// Seconds of the minute's window.
pub(super) const MINUTE_S: i64 = 60;
/// Seconds of the hour's window.
pub(super) const HOUR_S: i64 = 3600;

/// Consecutive seconds that may hold each window's limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Spans {
    /// Of the minute.
    pub(super) minute_s: i64,
    /// Of the hour.
    pub(super) hour_s: i64,
}

impl Spans {
    /// The spans that keep the lemma true.
    pub(super) const SAFE: Self = Self { minute_s: span_s(MINUTE_S), hour_s: span_s(HOUR_S) };
}

/// `floor(W + 3 + 10 + 0.2) + 1`
const fn span_s(window_s: i64) -> i64 {
    window_s + USE_BY_S + COUNTED_WITHIN_S + 2 * CLOCK_SKEW_MS / 1000 + 1
}

const _: () = assert!(Spans::SAFE.minute_s == 74 && Spans::SAFE.hour_s == 3614, "as docs/budget.md has it");
