//! What was measured of one subject.

use super::burst::BurstReport;
use super::killed::KillReport;
use super::minute::MinuteReport;
use super::phase::MostCalls;

/// The figures of one subject.
#[derive(Clone, Debug)]
pub struct SubjectReport {
    /// Its name.
    pub name: &'static str,
    /// Microseconds to ready.
    pub ready_us: i64,
    /// Microseconds to the answer of each alert that came alone and was applied in its answer, the shortest first.
    pub lone_us: Vec<i64>,
    /// The burst of alerts.
    pub burst: BurstReport,
    /// The kill in the middle of alerts.
    pub killed: KillReport,
    /// A minute of alerts about one machine each, as fast as they are answered.
    pub one_each: MinuteReport,
    /// A minute of requests that each fill a call.
    pub full_each: MinuteReport,
    /// Machines tagged in an hour by requests that each fill a call; `None` if that was not measured.
    pub hour: Option<usize>,
}

impl SubjectReport {
    /// The most calls in any minute and in any hour, over all phases.
    pub fn most(&self) -> MostCalls {
        let phases = [self.burst.most, self.one_each.most, self.full_each.most];
        phases.into_iter().fold(MostCalls::default(), MostCalls::max)
    }
}
