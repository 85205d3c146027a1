//! The memory of a soak's processes: looked at often, and judged where there is enough to judge.

/// Seconds of a run from which on its memory is judged: before that the backlog still fills, to what the senders and
/// the budget keep it at.
pub(super) const JUDGED_FROM_S: i64 = 300;
/// KiB that each process may hold more, at most, in the last third than in the one before.
const GROWTH_MAX_KIB: u64 = 1_024;
/// KiB that each process may hold more at rest in the end than at the start: what an allocator keeps of the largest
/// backlog.
const KEPT_MAX_KIB: u64 = 8 * 1_024;
/// Milliseconds between two looks.
pub(super) const LOOK_EVERY_MS: i64 = 200;

/// What all processes held together, in KiB.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Memory {
    /// At rest: after the first requests, and when all are done.
    pub at_rest_kib: (u64, u64),
    /// In the middle of the looks of each third of the run, as to size.
    pub thirds_kib: [u64; 3],
    /// The most.
    pub most_kib: u64,
}

impl Memory {
    /// From the looks of the whole run, in their order.
    pub(super) fn of(at_rest_kib: (u64, u64), looks: &[u64]) -> Self {
        let third = looks.len().div_ceil(3).max(1);
        let mut thirds = looks.chunks(third).map(middle);
        let mut next = || thirds.next().unwrap_or_default();
        Self {
            at_rest_kib,
            thirds_kib: [next(), next(), next()],
            most_kib: looks.iter().copied().max().unwrap_or_default(),
        }
    }

    /// Whether so many processes have grown.
    pub(super) fn judge(&self, processes: u64) -> Result<(), String> {
        let [_, before, last] = self.thirds_kib;
        let (start, end) = self.at_rest_kib;
        if last > before + processes * GROWTH_MAX_KIB {
            return Err(format!("memory has grown from {before} to {last} KiB in the last third"));
        }
        if end > start + processes * KEPT_MAX_KIB {
            return Err(format!("memory at rest has grown from {start} to {end} KiB"));
        }
        Ok(())
    }
}

fn middle(looks: &[u64]) -> u64 {
    let mut sorted = looks.to_vec();
    sorted.sort_unstable();
    sorted.get(sorted.len() / 2).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_third_is_told_by_its_middle_so_one_peak_says_nothing() {
        let memory = Memory::of((5, 9), &[1, 9, 2, 3, 4, 99, 6, 7, 8]);
        assert_eq!((memory.thirds_kib, memory.most_kib), ([2, 4, 7], 99));
    }

    #[test]
    fn a_process_that_keeps_more_and_more_is_found_while_it_runs_and_at_rest() {
        let judged = |at_rest_kib, thirds_kib| Memory { at_rest_kib, thirds_kib, most_kib: 0 }.judge(2);
        assert_eq!(judged((1_000, 17_384), [0, 5_000, 7_048]), Ok(()));
        assert!(judged((1_000, 1_000), [0, 5_000, 7_049]).unwrap_err().contains("last third"));
        assert!(judged((1_000, 17_385), [0, 5_000, 5_000]).unwrap_err().contains("at rest"));
    }
}
