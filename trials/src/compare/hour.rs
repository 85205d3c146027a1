//! A first hour of a fresh budget, with relay processes on a clock that runs faster than the machine's: the function's
//! own binary has no other clock than the machine's.

use std::path::Path;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::outbound::http_client;
use lambda_runtime::Error;

use super::comparison::{DEFENDER_MS, MACHINES_FULL};
use super::round::{TAG, machine, tagged_within};
use crate::harness::Instances;
use local::loopback::KEY;
use local::{Loopback, Options};

/// Relay processes.
const INSTANCES: usize = 2;

/// How long an hour is tried.
#[derive(Clone, Copy, Debug)]
pub struct Hour {
    /// Milliseconds of the run's clock from the first call in which tagged machines count.
    pub length_ms: i64,
    /// How much faster than the machine's the clock is.
    pub times: i64,
    /// Requests that each fill a call.
    pub requests: usize,
}

impl Hour {
    /// Machines that the relay tags in it. `binary` is the one called `trial`.
    pub async fn run(self, binary: &Path) -> Result<usize, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, self.times);
        let world = Loopback::start(Options::in_memory(clock.clone(), Variables::new())).await?;
        world.simulator.switch(|s| s.latency_ms = DEFENDER_MS);
        let instances =
            Instances::start(binary, "instance", INSTANCES, &world.variables, since, self.times).await?;
        self.send(&instances).await?;
        let first_ms = world.simulator.arrivals().first().map(|call| call.received_at_ms);
        let first_ms = i64::try_from(first_ms.ok_or("no call was made")?)?;
        let over_ms = first_ms + self.length_ms - clock.now().ms();
        clock.wait_until(clock.now().plus_ms(over_ms)).await;
        Ok(tagged_within(&world.simulator.arrivals(), self.length_ms))
    }

    async fn send(self, instances: &Instances) -> Result<(), Error> {
        let http = http_client()?;
        for n in 0..self.requests {
            let machines: Vec<_> = (n * MACHINES_FULL..(n + 1) * MACHINES_FULL).map(machine).collect();
            let body = serde_json::json!({ "Value": TAG, "Action": "Add", "MachineIds": machines });
            let post = http.post(format!("{}/v1/tag-requests", instances.url(n))).bearer_auth(KEY);
            let answer = post.header("prefer", "respond-async").json(&body).send().await?;
            if !answer.status().is_success() {
                return Err(format!("a request was answered {}", answer.status()).into());
            }
        }
        Ok(())
    }
}
