//! What may go wrong in a cluster and how often, and a tally of what did.

use fastrand::Rng;

/// How often each thing happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct FaultTally {
    pub(super) used: usize,
    pub(super) too_old: usize,
    pub(super) refused: usize,
    pub(super) lost: usize,
    pub(super) applied_twice: usize,
    pub(super) crashed: usize,
    pub(super) charged: usize,
    pub(super) hours: i64,
}

impl FaultTally {
    pub(super) fn add(&mut self, other: &Self) {
        self.used += other.used;
        self.too_old += other.too_old;
        self.refused += other.refused;
        self.lost += other.lost;
        self.applied_twice += other.applied_twice;
        self.crashed += other.crashed;
        self.charged += other.charged;
        self.hours += other.hours;
    }

    pub(super) fn has_everything(&self) -> bool {
        [self.refused, self.lost, self.applied_twice, self.crashed, self.too_old, self.charged]
            .iter()
            .all(|&count| count > 0)
    }
}

/// How the instances behave and the network treats them, in a thousand.
#[derive(Debug)]
pub(super) struct FaultProfile {
    pub(super) lost: u32,
    pub(super) twice: u32,
    pub(super) slow: u32,
    pub(super) crash: u32,
    pub(super) refused_by_defender: u32,
    /// Milliseconds between requests for a permit, at most; changes from phase to phase.
    pub(super) gap_ms: i64,
    pub(super) phase_ends_ms: i64,
}

impl FaultProfile {
    pub(super) fn new(rng: &mut Rng) -> Self {
        let mut up_to = |most: u32| rng.u32(..=most);
        Self {
            lost: up_to(40),
            twice: up_to(40),
            slow: up_to(40),
            crash: up_to(10),
            refused_by_defender: up_to(1) * up_to(5),
            gap_ms: 1,
            phase_ends_ms: 0,
        }
    }

    /// Milliseconds until an instance asks again. Phases of saturation, of a trickle, of hours of silence.
    pub(super) fn gap_ms(&mut self, rng: &mut Rng, now_ms: i64) -> i64 {
        if now_ms >= self.phase_ends_ms {
            self.gap_ms = [1, 1, 1, 4_000, 40_000, 9_000_000][rng.usize(..6)];
            self.phase_ends_ms = now_ms + rng.i64(60_000..9_000_000);
        }
        rng.i64(0..self.gap_ms)
    }
}
