//! A moment, as milliseconds since the Unix epoch.
//!
//! Invariant: arithmetic saturates, so no time computed from outside numbers can wrap around.

use std::fmt;

/// Milliseconds in a second.
const MS_PER_SECOND: i64 = 1000;

/// A moment: milliseconds since the Unix epoch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from milliseconds since the Unix epoch.
    pub const fn from_ms(ms: i64) -> Self {
        Self(ms)
    }

    /// The first moment of a whole second since the Unix epoch.
    pub const fn from_second(second: i64) -> Self {
        Self(second.saturating_mul(MS_PER_SECOND))
    }

    /// Milliseconds since the Unix epoch.
    pub const fn ms(self) -> i64 {
        self.0
    }

    /// The whole second this moment lies in.
    pub const fn second(self) -> i64 {
        self.0.div_euclid(MS_PER_SECOND)
    }

    /// The moment `ms` milliseconds later.
    #[must_use]
    pub const fn plus_ms(self, ms: i64) -> Self {
        Self(self.0.saturating_add(ms))
    }

    /// Milliseconds from `earlier` to this moment; negative when `earlier` is later.
    pub const fn ms_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// RFC 3339 in UTC, as in `2026-03-01T12:00:00Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(moment) => write!(f, "{moment}"),
            Err(_) => write!(f, "{} ms", self.0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_shown_as_rfc_3339() {
        assert_eq!(Timestamp::from_ms(1_772_366_400_250).to_string(), "2026-03-01T12:00:00.25Z");
    }

    #[test]
    fn a_moment_before_the_epoch_lies_in_the_second_it_began_in() {
        assert_eq!(Timestamp::from_ms(-1).second(), -1);
    }

    #[test]
    fn adding_never_wraps() {
        assert_eq!(Timestamp::from_ms(i64::MAX).plus_ms(1).ms(), i64::MAX);
    }
}
