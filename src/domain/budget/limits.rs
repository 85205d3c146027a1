//! How many calls are allowed, and how much of that only urgent calls may use.
//!
//! Invariant: routine calls have at least one call of each window, and the reserve is never theirs.

use std::fmt;

use super::spans::Spans;
use crate::domain::values::Priority;

/// Calls a minute. Source: Microsoft, "Add or remove a tag for multiple machines": 100 calls a minute.
pub const CALLS_PER_MINUTE: u32 = 100;
/// Calls an hour. Source: Microsoft, "Add or remove a tag for multiple machines": 1,500 calls an hour.
pub const CALLS_PER_HOUR: u32 = 1500;
/// Part of the minute's limit that is the reserve unless it is configured, in percent: 15 of 100.
const RESERVE_OF_MINUTE_PERCENT: u32 = 15;
/// Part of the hour's limit that is the reserve unless it is configured, in percent: 60 of 1,500.
const RESERVE_OF_HOUR_PERCENT: u32 = 4;

/// Calls in each of the two windows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Calls in a minute.
    pub per_minute: u32,
    /// Calls in an hour.
    pub per_hour: u32,
}

/// The reserve cannot be kept: it would leave no call to routine requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReserveTooLarge {
    /// Of the minute.
    #[error("must be less than the {0} calls a minute, or no routine request is ever sent")]
    Minute(u32),
    /// Of the hour.
    #[error("must be less than the {0} calls an hour, or no routine request is ever sent")]
    Hour(u32),
}

/// How many calls are allowed, by class.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    all: Quota,
    reserve: Quota,
    spans: Spans,
}

impl Default for Limits {
    fn default() -> Self {
        Self::with_usual_reserve(Quota { per_minute: CALLS_PER_MINUTE, per_hour: CALLS_PER_HOUR })
    }
}

impl Limits {
    /// Limits of which routine calls leave the `reserve`.
    pub fn new(all: Quota, reserve: Quota) -> Result<Self, ReserveTooLarge> {
        if reserve.per_minute >= all.per_minute {
            return Err(ReserveTooLarge::Minute(all.per_minute));
        }
        if reserve.per_hour >= all.per_hour {
            return Err(ReserveTooLarge::Hour(all.per_hour));
        }
        Ok(Self { all, reserve, spans: Spans::SAFE })
    }

    /// Limits with a reserve of 15 % of the minute and 4 % of the hour.
    pub const fn with_usual_reserve(all: Quota) -> Self {
        Self { all, reserve: usual_reserve(all), spans: Spans::SAFE }
    }

    /// What calls of a class may use.
    pub const fn of(&self, class: Priority) -> Quota {
        match class {
            Priority::Urgent => self.all,
            Priority::Routine => Quota {
                per_minute: self.all.per_minute - self.reserve.per_minute,
                per_hour: self.all.per_hour - self.reserve.per_hour,
            },
        }
    }

    /// What the room in the table was computed for.
    pub const fn terms(&self) -> Terms {
        Terms { all: self.all, reserve: self.reserve }
    }

    pub(super) const fn spans(&self) -> Spans {
        self.spans
    }

    #[cfg(test)]
    pub(super) const fn with_spans(self, spans: Spans) -> Self {
        Self { spans, ..self }
    }
}

/// The reserve of limits for which none is configured.
pub const fn usual_reserve(all: Quota) -> Quota {
    Quota {
        per_minute: all.per_minute * RESERVE_OF_MINUTE_PERCENT / 100,
        per_hour: all.per_hour * RESERVE_OF_HOUR_PERCENT / 100,
    }
}

/// The limits as the table names them beside the room computed for them, as in `100/1500-15/60`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Terms {
    all: Quota,
    reserve: Quota,
}

impl Terms {
    /// Reads what [`fmt::Display`] wrote.
    pub fn parse(text: &str) -> Option<Self> {
        let (all, reserve) = text.split_once('-')?;
        Some(Self { all: quota(all)?, reserve: quota(reserve)? })
    }
}

fn quota(text: &str) -> Option<Quota> {
    let (minute, hour) = text.split_once('/')?;
    Some(Quota { per_minute: minute.parse().ok()?, per_hour: hour.parse().ok()? })
}

impl fmt::Display for Terms {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { all, reserve } = self;
        write!(f, "{}/{}-{}/{}", all.per_minute, all.per_hour, reserve.per_minute, reserve.per_hour)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: Quota = Quota { per_minute: 100, per_hour: 1500 };

    #[test]
    fn routine_calls_leave_fifteen_a_minute_and_sixty_an_hour() {
        let limits = Limits::default();
        assert_eq!(limits.of(Priority::Urgent), ALL);
        assert_eq!(limits.of(Priority::Routine), Quota { per_minute: 85, per_hour: 1440 });
    }

    #[test]
    fn a_reserve_that_leaves_no_routine_call_is_refused() {
        let reserve = |per_minute, per_hour| Limits::new(ALL, Quota { per_minute, per_hour });
        assert!(reserve(99, 1499).is_ok());
        assert_eq!(reserve(100, 0), Err(ReserveTooLarge::Minute(100)));
        assert_eq!(reserve(0, 1500), Err(ReserveTooLarge::Hour(1500)));
    }

    #[test]
    fn the_usual_reserve_always_leaves_a_routine_call() {
        for calls in 1..=1500 {
            let all = Quota { per_minute: calls, per_hour: calls };
            assert!(Limits::new(all, usual_reserve(all)).is_ok(), "{calls}");
        }
    }

    #[test]
    fn terms_are_read_back_as_written() {
        let terms = Limits::default().terms();
        assert_eq!(terms.to_string(), "100/1500-15/60");
        assert_eq!(Terms::parse("100/1500-15/60"), Some(terms));
        assert_eq!(Terms::parse("100/1500"), None);
    }
}
