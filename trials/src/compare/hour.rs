//! The first hour of a fresh budget. Relay processes run on a clock that is faster than the machine's. The function's own
//! binary cannot, because it has only the machine's clock.

use std::path::Path;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::outbound::http_client;
use lambda_runtime::Error;
use local::loopback::KEY;
use local::{Loopback, LoopbackOptions};

use super::phase::{DEFENDER_MS, FULL_CALL, TAG, machine, tagged_within};
use crate::harness::Instances;

/// Relay processes.
const INSTANCES: usize = 2;

/// How large the test of an hour is.
#[derive(Clone, Copy, Debug)]
pub struct HourTest {
    /// Milliseconds of the run's clock from the first call in which tagged machines count.
    pub length_ms: i64,
    /// How much faster than the machine's the clock is.
    pub speed: i64,
    /// Requests that each fill a call.
    pub requests: usize,
}

impl HourTest {
    /// The machines that the relay tags in the hour. `binary` is `trials`.
    pub async fn run(self, binary: &Path) -> Result<usize, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, self.speed);
        let fixture = Loopback::start(LoopbackOptions::in_memory(clock.clone(), Variables::new())).await?;
        fixture.simulator.switch(|switches| switches.latency_ms = DEFENDER_MS);
        let instances =
            Instances::start(binary, "instance", INSTANCES, &fixture.variables, since, self.speed).await?;
        self.send(&instances).await?;
        let first_ms = fixture.simulator.arrivals().first().map(|call| call.received_at_ms);
        let first_ms = i64::try_from(first_ms.ok_or("no call was made")?)?;
        let left_ms = first_ms + self.length_ms - clock.now().ms();
        clock.wait_until(clock.now().plus_ms(left_ms)).await;
        Ok(tagged_within(&fixture.simulator.arrivals(), self.length_ms))
    }

    async fn send(self, instances: &Instances) -> Result<(), Error> {
        let http = http_client()?;
        for n in 0..self.requests {
            let machines: Vec<_> = (n * FULL_CALL..(n + 1) * FULL_CALL).map(machine).collect();
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
