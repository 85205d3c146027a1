//! The run of the limiter test. Defender counts calls at once or seconds later, and the simulator's log of arrivals shows
//! whether a limit was exceeded.
//!
//! The run's clock is fast, but the messages are not: half a second of the machine counts as ten. A busy machine may
//! therefore count a call later than the budget allows for. The report counts such late calls apart, and no window of the
//! other calls may exceed its limit.

use std::path::Path;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::domain::budget::{CLOCK_SKEW_MS, COUNTED_WITHIN_S, USE_BY_S};
use fastrand::Rng;
use lambda_runtime::Error;
use local::{Loopback, LoopbackOptions};
use simulator::Arrival;

use crate::harness::Instances;

/// Milliseconds between a call's arrival and its counting. Each kill chooses one of them at random.
const COUNT_DELAYS_MS: [u64; 3] = [0, 2_000, 5_000];

/// How large a limiter test is.
#[derive(Clone, Copy, Debug)]
pub struct LimiterTest {
    /// The seed of the run's random choices.
    pub seed: u64,
    /// Worker processes at once.
    pub workers: usize,
    /// Processes killed in all.
    pub kills: usize,
    /// How much faster than the machine's the run's clock is.
    pub speed: i64,
    /// How long the run takes, in seconds of the machine's clock.
    pub seconds: i64,
    /// The hour's limit.
    pub calls_per_hour: u32,
}

/// The figures of a run without a fault.
#[derive(Clone, Copy, Debug)]
pub struct LimiterReport {
    /// Calls that arrived.
    pub calls: usize,
    /// Late calls, which were counted later than the budget allows for, because the machine was busy.
    pub late: usize,
    /// The most other calls in any closed 60 seconds.
    pub most_in_a_minute: usize,
    /// The most other calls in any closed 3,600 seconds.
    pub most_in_an_hour: usize,
    /// How long the run took, in seconds of its own clock.
    pub seconds: i64,
}

impl LimiterTest {
    /// Runs the test with this binary, which is `trials`. An error says what was wrong.
    pub async fn run(self, binary: &Path) -> Result<LimiterReport, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, self.speed);
        let variables = Variables::from([("CALLS_PER_HOUR".to_owned(), self.calls_per_hour.to_string())]);
        let fixture = Loopback::start(LoopbackOptions::in_memory(clock, variables)).await?;
        let instances =
            Instances::start(binary, "worker", self.workers, &fixture.variables, since, self.speed).await?;
        self.kill(&fixture, &instances, since).await?;
        self.judge(&fixture.simulator.arrivals())
    }

    /// Kills workers at random moments, and changes how late Defender counts.
    async fn kill(&self, fixture: &Loopback, instances: &Instances, since: Timestamp) -> Result<(), Error> {
        let mut rng = Rng::with_seed(self.seed);
        let machine = Clock::system();
        let mut moments: Vec<i64> = (0..self.kills).map(|_| rng.i64(0..self.seconds * 1000)).collect();
        moments.sort_unstable();
        for moment in moments {
            machine.wait_until(since.plus_ms(moment)).await;
            let delay_ms = COUNT_DELAYS_MS[rng.usize(..COUNT_DELAYS_MS.len())];
            fixture.simulator.switch(|switches| switches.count_delay_ms = delay_ms);
            instances.kill(rng.usize(..)).await?;
        }
        machine.wait_until(since.plus_ms(self.seconds * 1000)).await;
        Ok(())
    }

    fn judge(&self, arrivals: &[Arrival]) -> Result<LimiterReport, Error> {
        let mut in_time = Vec::with_capacity(arrivals.len());
        let mut late = 0;
        for arrival in arrivals {
            let second: u64 = arrival.value.parse()?;
            if arrival.received_at_ms + CLOCK_SKEW_MS.unsigned_abs() < second * 1000 {
                return Err(format!("a call arrived before its permit's second: {arrival:?}").into());
            }
            let latest_ms = (second + (USE_BY_S + COUNTED_WITHIN_S).unsigned_abs()) * 1000;
            if arrival.counted_at_ms > latest_ms + CLOCK_SKEW_MS.unsigned_abs() {
                late += 1;
            } else {
                in_time.push(arrival.clone());
            }
        }
        let report = LimiterReport {
            calls: arrivals.len(),
            late,
            most_in_a_minute: simulator::most_in_window(&in_time, 60_000),
            most_in_an_hour: simulator::most_in_window(&in_time, 3_600_000),
            seconds: self.seconds * self.speed,
        };
        let is_over = report.most_in_a_minute > 100 || report.most_in_an_hour > self.calls_per_hour as usize;
        if is_over { Err(format!("a limit is exceeded: {report:?}").into()) } else { Ok(report) }
    }
}
