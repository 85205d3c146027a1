//! The memory of a soak's processes: measured often, and checked in runs that are long enough.

use crate::harness::percentile;

/// Seconds of a run from which on its memory is checked. In a shorter run the backlog still grows to the size at which
/// the senders and the budget keep it.
pub(super) const JUDGED_FROM_S: i64 = 300;
/// KiB by which each process may grow from the second third to the last: what an allocator keeps of the largest backlog.
/// The artifact test shows what is kept for a single request, because there the backlog is empty.
const GROWTH_MAX_KIB: u64 = 4 * 1_024;
/// Milliseconds between two looks.
pub(super) const LOOK_EVERY_MS: i64 = 200;

/// The memory of all processes together, in KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryReport {
    /// At rest, after the first requests.
    pub start_kib: u64,
    /// The median of the looks in each third of the run.
    pub thirds_kib: [u64; 3],
    /// The highest look.
    pub most_kib: u64,
    /// At rest, when all requests are done.
    pub end_kib: u64,
}

impl MemoryReport {
    /// From the looks of the whole run, in their order, and the memory at rest before and after them.
    pub(super) fn new(start_kib: u64, looks: &[u64], end_kib: u64) -> Self {
        let third = looks.len().div_ceil(3).max(1);
        let mut thirds = looks.chunks(third).map(median);
        let mut next = || thirds.next().unwrap_or_default();
        Self {
            start_kib,
            thirds_kib: [next(), next(), next()],
            most_kib: looks.iter().copied().max().unwrap_or_default(),
            end_kib,
        }
    }

    /// Fails if this number of processes has grown too much.
    pub(super) fn judge(&self, processes: u64) -> Result<(), String> {
        let [_, before, last] = self.thirds_kib;
        if last > before + processes * GROWTH_MAX_KIB {
            return Err(format!("memory has grown from {before} to {last} KiB in the last third"));
        }
        Ok(())
    }
}

fn median(looks: &[u64]) -> u64 {
    let mut sorted = looks.to_vec();
    sorted.sort_unstable();
    percentile(&sorted, 50)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_third_is_shown_by_its_median_so_one_peak_changes_nothing() {
        let memory = MemoryReport::new(5, &[1, 9, 2, 3, 4, 99, 6, 7, 8], 9);
        assert_eq!(memory.thirds_kib, [2, 4, 7]);
        assert_eq!(memory.most_kib, 99);
    }

    #[test]
    fn processes_that_hold_more_and_more_memory_are_found() {
        let judge = |thirds_kib| MemoryReport { start_kib: 0, thirds_kib, most_kib: 0, end_kib: 0 }.judge(2);
        assert_eq!(judge([0, 5_000, 5_000 + 2 * 4_096]), Ok(()));
        assert!(judge([0, 5_000, 5_001 + 2 * 4_096]).unwrap_err().contains("last third"));
    }
}
