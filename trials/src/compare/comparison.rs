//! The comparison of subjects: which phases each goes through.

use std::path::{Path, PathBuf};

use futures_util::future::try_join_all;
use lambda_runtime::Error;

use super::hour::HourTest;
use super::phase::{FULL_CALL, HOUR_MS, MINUTE_MS, Phase};
use super::report::SubjectReport;
use super::{baseline, burst, killed, lone, minute};
use crate::harness::{Subject, percentile};

/// Starts of each subject. The median counts.
const STARTS: usize = 9;
/// The hour: a few requests more than the hour has calls, on a clock that ends it in three minutes.
const HOUR: HourTest = HourTest { length_ms: HOUR_MS, speed: 20, requests: 1_600 };

/// How large a comparison is.
#[derive(Clone, Copy, Debug)]
pub struct Comparison {
    /// One-machine alerts of the burst.
    pub alerts: usize,
    /// The most one-machine alerts sent before the process is killed. With 0 alerts no process is killed.
    pub killed_alerts: usize,
    /// Whether the burst waits for the end of a minute, so that a fixed window ends within it.
    pub across_a_minute: bool,
    /// Milliseconds from the first call in which tagged machines count: a minute, except in a test of the comparison.
    pub minute_ms: i64,
}

/// Compares this relay with the two other ways. `trials` is the binary that runs relay processes.
pub async fn compare_all(
    relay: &Path,
    python: Option<PathBuf>,
    trials: &Path,
) -> Result<Vec<SubjectReport>, Error> {
    let python = python.map_or_else(baseline::install_python, Ok)?;
    let subjects = [
        Subject::this_relay(relay),
        Subject::python("plain relay", &python, "relay"),
        Subject::python("one call a machine", &python, "one_by_one"),
    ];
    let plan = Comparison { alerts: 1_000, killed_alerts: 200, across_a_minute: true, minute_ms: MINUTE_MS };
    let mut reports = plan.measure(&subjects).await?;
    eprintln!("measuring: an hour of this relay");
    reports[0].hour = Some(HOUR.run(trials).await?);
    Ok(reports)
}

impl Comparison {
    /// Measures the subjects one after the other. Only their minutes run at once, because the budget makes them long.
    pub async fn measure(self, subjects: &[Subject]) -> Result<Vec<SubjectReport>, Error> {
        eprintln!("measuring: a minute of each");
        let minutes = |machines| {
            try_join_all(subjects.iter().map(move |subject| minute::run(subject, machines, self.minute_ms)))
        };
        let (full_each, one_each) = tokio::try_join!(minutes(FULL_CALL), minutes(1))?;
        let mut reports = Vec::with_capacity(subjects.len());
        for ((subject, full_each), one_each) in subjects.iter().zip(full_each).zip(one_each) {
            eprintln!("measuring: {}", subject.name);
            reports.push(SubjectReport {
                name: subject.name,
                ready_us: ready_us(subject).await?,
                lone_us: lone::run(subject).await?,
                killed: killed::run(subject, self.killed_alerts).await?,
                burst: burst::run(subject, self.alerts, self.across_a_minute).await?,
                one_each,
                full_each,
                hour: None,
            });
        }
        Ok(reports)
    }
}

/// The median microseconds to ready.
async fn ready_us(subject: &Subject) -> Result<i64, Error> {
    let phase = Phase::start(subject).await?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(phase.process().await?.ready_us);
    }
    starts.sort_unstable();
    Ok(percentile(&starts, 50))
}
