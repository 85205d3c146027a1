//! How large a soak is, and its figures.

use super::memory::{JUDGED_FROM_S, MemoryReport};

/// How large a soak is.
#[derive(Clone, Copy, Debug)]
pub struct SoakTest {
    /// The seed of the run's random choices.
    pub seed: u64,
    /// Relay processes.
    pub instances: usize,
    /// Senders at once.
    pub senders: usize,
    /// Milliseconds between an answer and the same sender's next request.
    pub pause_ms: i64,
    /// How long they send, in seconds.
    pub seconds: i64,
}

/// The figures of a soak.
#[derive(Clone, Debug)]
pub struct SoakReport {
    /// How large the soak was.
    pub plan: SoakTest,
    /// Milliseconds to each answer, the shortest first.
    pub answered_ms: Vec<i64>,
    /// The number of answers before the senders began.
    pub first_answers: usize,
    /// Requests that were answered neither 200 nor 202.
    pub failed: usize,
    /// Requests that were answered 200 or 202, each once. Each was found done, with a true outcome for each machine.
    pub accepted: usize,
    /// Repeated deliveries: answered with the request that the first one made.
    pub copies: usize,
    /// Accepted requests that could not be found.
    pub lost: usize,
    /// Milliseconds from a machine's request to Defender's list that has the machine, the shortest first.
    pub applied_ms: Vec<i64>,
    /// Machines in each call.
    pub calls: Vec<usize>,
    /// Seconds from the first call to the last.
    pub calls_over_s: usize,
    /// The most calls in any minute.
    pub most_in_a_minute: usize,
    /// The most calls in any hour.
    pub most_in_an_hour: usize,
    /// The most machines that waited at once, in each third of the run.
    pub waiting: [usize; 3],
    /// The memory of the processes.
    pub memory: MemoryReport,
}

impl SoakReport {
    /// Checks what the history does not check.
    pub(super) fn judge(&self) -> Result<(), String> {
        if self.failed > 0 {
            return Err(format!("{} requests were not accepted", self.failed));
        }
        if self.lost > 0 {
            return Err(format!("{} requests were accepted and are lost", self.lost));
        }
        if self.plan.seconds >= JUDGED_FROM_S {
            self.memory.judge(self.plan.instances as u64)?;
        }
        Ok(())
    }
}
