//! The memory of a soak's processes: looked at often, and judged where there is enough to judge.

/// Seconds of a run from which on its memory is judged: before that the backlog still fills, to what the senders and
/// the budget keep it at.
pub(crate) const JUDGED_FROM_S: i64 = 300;
/// KiB that each process may hold more, at most, in the last third than in the one before: what an allocator keeps of
/// the largest backlog. What is kept of a single request shows in the artifact run, where none waits.
const GROWTH_MAX_KIB: u64 = 4 * 1_024;
/// Milliseconds between two looks.
pub(crate) const LOOK_EVERY_MS: i64 = 200;

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
    pub(crate) fn of(at_rest_kib: (u64, u64), looks: &[u64]) -> Self {
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
    pub(crate) fn judge(&self, processes: u64) -> Result<(), String> {
        let [_, before, last] = self.thirds_kib;
        if last > before + processes * GROWTH_MAX_KIB {
            return Err(format!("memory has grown from {before} to {last} KiB in the last third"));
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
    fn processes_that_hold_more_and_more_are_found() {
        let judged = |thirds_kib| Memory { at_rest_kib: (0, 0), thirds_kib, most_kib: 0 }.judge(2);
        assert_eq!(judged([0, 5_000, 5_000 + 2 * 4_096]), Ok(()));
        assert!(judged([0, 5_000, 5_001 + 2 * 4_096]).unwrap_err().contains("last third"));
    }
}
