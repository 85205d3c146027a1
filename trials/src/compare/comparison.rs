//! Side by side: this relay, a plain relay and the one-call-a-machine way, with the same requests, table and Defender.
//!
//! Invariant: each phase has a world of its own, so none spends another's budget.

use futures_util::future::try_join_all;
use lambda_runtime::Error;

use super::round::Round;
use super::{burst, killed, lone, minute};
use crate::harness::subject::Contestant;

pub use super::burst::Burst;
pub use super::hour::Hour;
pub use super::killed::Killed;
pub use super::minute::Minute;
pub use super::table::table;

/// Starts of which the middle one counts.
pub(crate) const STARTS: usize = 9;
/// Milliseconds that Defender takes to answer.
pub(crate) const DEFENDER_MS: u64 = 20;
/// Milliseconds in a minute.
pub(crate) const MINUTE_MS: i64 = 60_000;
/// Milliseconds in an hour.
pub(crate) const HOUR_MS: i64 = 3_600_000;
/// Machines in a request that fills a call.
pub(crate) const MACHINES_FULL: usize = 500;

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct SideBySide {
    /// One-machine alerts of the burst.
    pub alerts: usize,
    /// One-machine alerts that are under way when the process is killed, at most; with none, none is killed.
    pub killed_alerts: usize,
    /// Whether the burst waits for the end of a minute, so that a fixed window ends in it.
    pub across_a_minute: bool,
    /// Milliseconds from the first call in which tagged machines count: a minute, unless it is tried out.
    pub minute_ms: i64,
}

/// What one contestant came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Its name.
    pub name: &'static str,
    /// Microseconds to ready.
    pub ready_us: i64,
    /// Microseconds to the answer of each alert that came alone and was applied in its answer, the shortest first.
    pub lone_us: Vec<i64>,
    /// The burst of alerts.
    pub burst: Burst,
    /// The kill in the middle of alerts.
    pub killed: Killed,
    /// A minute of alerts of one machine, as fast as they are answered.
    pub one_each: Minute,
    /// A minute of requests that each fill a call.
    pub full_each: Minute,
    /// Machines tagged in an hour by such requests; none if that was not measured.
    pub hour: Option<usize>,
}

impl Measured {
    /// Calls in any minute and in any hour, at most.
    pub fn most(&self) -> (usize, usize) {
        let all = [self.burst.most, self.one_each.most, self.full_each.most];
        all.into_iter().fold((0, 0), |most, one| (most.0.max(one.0), most.1.max(one.1)))
    }
}

impl SideBySide {
    /// Measures the contestants one after the other; but their minutes, which the budget makes long, at once.
    pub async fn measure(self, contestants: &[Contestant]) -> Result<Vec<Measured>, Error> {
        eprintln!("measuring: a minute of each");
        let minutes = |machines| {
            try_join_all(contestants.iter().map(move |one| minute::run(one, machines, self.minute_ms)))
        };
        let (full_each, one_each) = tokio::try_join!(minutes(MACHINES_FULL), minutes(1))?;
        let mut all = Vec::with_capacity(contestants.len());
        for ((contestant, full_each), one_each) in contestants.iter().zip(full_each).zip(one_each) {
            eprintln!("measuring: {}", contestant.name);
            all.push(Measured {
                name: contestant.name,
                ready_us: ready_us(contestant).await?,
                lone_us: lone::run(contestant).await?,
                killed: killed::run(contestant, self.killed_alerts).await?,
                burst: burst::run(contestant, self).await?,
                one_each,
                full_each,
                hour: None,
            });
        }
        Ok(all)
    }
}

/// Microseconds to ready, of several starts the middle one.
async fn ready_us(contestant: &Contestant) -> Result<i64, Error> {
    let round = Round::start(contestant).await?;
    let mut starts = Vec::with_capacity(STARTS);
    for _ in 0..STARTS {
        starts.push(round.process().await?.ready_us);
    }
    starts.sort_unstable();
    Ok(starts[STARTS / 2])
}
