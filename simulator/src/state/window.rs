//! The limits: a call fits only if the window that ends with it, both ends included, has room.

use crate::switches::{Limits, WindowKind};

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

/// The times of the calls that count, in ascending order.
#[derive(Debug, Default)]
pub(crate) struct Windows {
    times: Vec<u64>,
}

impl Windows {
    /// Calls may be counted out of order, because the delay before counting can change.
    pub(crate) fn count(&mut self, at_ms: u64) {
        let place = self.times.partition_point(|time| *time <= at_ms);
        self.times.insert(place, at_ms);
    }

    /// Milliseconds until one more call fits; 0 if it fits now.
    pub(crate) fn wait_ms(&self, now_ms: u64, limits: Limits) -> u64 {
        let minute = self.free_at(now_ms, limits.kind, limits.per_minute, MINUTE_MS);
        let hour = self.free_at(now_ms, limits.kind, limits.per_hour, HOUR_MS);
        minute.max(hour).saturating_sub(now_ms)
    }

    fn free_at(&self, now_ms: u64, kind: WindowKind, limit: usize, length_ms: u64) -> u64 {
        let start = now_ms - now_ms % length_ms;
        match kind {
            _ if limit == 0 => now_ms + length_ms,
            WindowKind::Sliding => self.newest(limit).map_or(0, |time| time + length_ms + 1),
            WindowKind::Fixed if self.newest(limit).is_some_and(|time| time >= start) => start + length_ms,
            WindowKind::Fixed => 0,
        }
    }

    /// The time of the n-th newest call; while it is inside the window, n calls are.
    fn newest(&self, n: usize) -> Option<u64> {
        self.times.len().checked_sub(n).map(|index| self.times[index])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits { kind: WindowKind::Sliding, per_minute: 2, per_hour: 3 };

    fn counted(times: &[u64]) -> Windows {
        let mut windows = Windows::default();
        for time in times {
            windows.count(*time);
        }
        windows
    }

    #[test]
    fn a_window_is_closed_at_both_ends() {
        let windows = counted(&[1_000, 2_000]);
        assert_eq!(windows.wait_ms(61_000, LIMITS), 1);
        assert_eq!(windows.wait_ms(61_001, LIMITS), 0);
    }

    #[test]
    fn the_longer_wait_decides() {
        let windows = counted(&[0, 61_000, 122_000]);
        assert_eq!(windows.wait_ms(200_000, LIMITS), 3_400_001);
        assert_eq!(windows.wait_ms(3_600_001, LIMITS), 0);
    }

    #[test]
    fn a_late_count_takes_its_place_in_time() {
        let windows = counted(&[5_000, 1_000]);
        assert_eq!(windows.wait_ms(5_000, LIMITS), 56_001);
    }

    #[test]
    fn a_fixed_window_starts_anew() {
        let limits = Limits { kind: WindowKind::Fixed, ..LIMITS };
        let windows = counted(&[59_000, 59_500]);
        assert_eq!(windows.wait_ms(59_900, limits), 100);
        assert_eq!(windows.wait_ms(60_000, limits), 0);
    }

    #[test]
    fn a_limit_of_nothing_lets_nothing_through() {
        let limits = Limits { per_minute: 0, ..LIMITS };
        assert_eq!(Windows::default().wait_ms(0, limits), 60_000);
    }
}
