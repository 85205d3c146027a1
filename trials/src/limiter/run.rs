//! The contest: many contender processes on one budget, killed at random moments, while Defender counts calls
//! at once or seconds later. The simulator's log of arrivals is the judge.
//!
//! The trial's clock runs fast, the messages do not: what takes a machine half a second counts as ten. A call
//! that was counted later than the budget allows for, because the machine was busy, is set apart and told; no
//! window of the others may be over, and none at all where no call was late.

use std::path::Path;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::domain::budget::{CLOCK_SKEW_MS, COUNTED_WITHIN_S, USE_BY_S};
use fastrand::Rng;
use lambda_runtime::Error;
use simulator::Arrival;

use crate::harness::Instances;
use local::{Loopback, Options};

/// Milliseconds between a call's arrival and its counting, by turns.
const COUNT_DELAYS_MS: [u64; 3] = [0, 2_000, 5_000];

/// How much is tried.
#[derive(Clone, Copy, Debug)]
pub struct Contest {
    /// What the run's random choices begin with.
    pub seed: u64,
    /// Contender processes.
    pub contenders: usize,
    /// Processes killed in all.
    pub kills: usize,
    /// How much faster than the machine's the run's clock is.
    pub times: i64,
    /// Seconds of the machine's that the run takes.
    pub seconds: i64,
    /// The hour's limit.
    pub calls_per_hour: u32,
}

/// What came out of it.
#[derive(Clone, Copy, Debug)]
pub struct Contested {
    /// Calls that arrived.
    pub calls: usize,
    /// Those that were counted later than the budget allows for: the machine was too busy.
    pub late: usize,
    /// Most of the others in any closed 60 seconds.
    pub most_in_a_minute: usize,
    /// Most of the others in any closed 3,600 seconds.
    pub most_in_an_hour: usize,
    /// Seconds of the trial's clock.
    pub seconds: i64,
}

impl Contest {
    /// Runs it. `binary` is the one called `trial`. An error says what was wrong.
    pub async fn run(self, binary: &Path) -> Result<Contested, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, self.times);
        let variables = Variables::from([("CALLS_PER_HOUR".to_owned(), self.calls_per_hour.to_string())]);
        let world = Loopback::start(Options::in_memory(clock, variables)).await?;
        let instances =
            Instances::start(binary, "contender", self.contenders, &world.variables, since, self.times);
        self.kill(&world, &instances.await?, since).await?;
        self.judge(&world.simulator.arrivals())
    }

    /// Kills contenders at random moments, and lets Defender count now sooner, now later.
    async fn kill(&self, world: &Loopback, instances: &Instances, since: Timestamp) -> Result<(), Error> {
        let (mut rng, machine) = (Rng::with_seed(self.seed), Clock::system());
        let mut moments: Vec<i64> = (0..self.kills).map(|_| rng.i64(0..self.seconds * 1000)).collect();
        moments.sort_unstable();
        for moment in moments {
            machine.wait_until(since.plus_ms(moment)).await;
            let delay_ms = COUNT_DELAYS_MS[rng.usize(..COUNT_DELAYS_MS.len())];
            world.simulator.switch(|switches| switches.count_delay_ms = delay_ms);
            instances.kill(rng.usize(..)).await?;
        }
        machine.wait_until(since.plus_ms(self.seconds * 1000)).await;
        Ok(())
    }

    fn judge(&self, arrivals: &[Arrival]) -> Result<Contested, Error> {
        let (mut in_time, mut late) = (Vec::new(), 0);
        for arrival in arrivals {
            let second: u64 = arrival.value.parse()?;
            if arrival.received_at_ms + CLOCK_SKEW_MS.unsigned_abs() < second * 1000 {
                return Err(format!("a call before its permit's second: {arrival:?}").into());
            }
            let latest_ms = (second + (USE_BY_S + COUNTED_WITHIN_S).unsigned_abs()) * 1000;
            if arrival.counted_at_ms > latest_ms + CLOCK_SKEW_MS.unsigned_abs() {
                late += 1;
            } else {
                in_time.push(arrival.clone());
            }
        }
        let contested = Contested {
            calls: arrivals.len(),
            late,
            most_in_a_minute: simulator::most_in_window(&in_time, 60_000),
            most_in_an_hour: simulator::most_in_window(&in_time, 3_600_000),
            seconds: self.seconds * self.times,
        };
        let over =
            contested.most_in_a_minute > 100 || contested.most_in_an_hour > self.calls_per_hour as usize;
        if over { Err(format!("a window is over: {contested:?}").into()) } else { Ok(contested) }
    }
}
