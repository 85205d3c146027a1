//! The load runs: many clients at once, a request when idle, and a backlog of a hundred thousand machines.

use std::path::Path;
use std::sync::Arc;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::outbound::http_client;
use futures_util::future::join_all;
use lambda_runtime::Error;
use reqwest::{Client, StatusCode};
use serde_json::json;
use simulator::{Fault, Simulator};

use crate::harness::Instances;
use local::loopback::KEY;
use local::{Loopback, Options};

/// Relay processes that share the load.
const INSTANCES: usize = 3;
/// Milliseconds that Defender takes to answer a call.
const DEFENDER_MS: u64 = 200;
/// Looks at the backlog, one a second of the run's time, before it is taken for stuck.
const LOOKS_MAX: usize = 3_600;

/// The relay in some processes, and who sends to it.
pub struct Load {
    world: Loopback,
    instances: Instances,
    http: Client,
    clock: Clock,
}

/// How requests were answered.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Answered 200: done.
    pub done: usize,
    /// Answered 202: durable.
    pub durable: usize,
    /// Anything else.
    pub failed: usize,
    /// Milliseconds to each answer, the shortest first.
    pub took_ms: Vec<i64>,
}

impl Answers {
    /// Milliseconds within which this share of the answers came.
    pub fn within_ms(&self, percent: usize) -> i64 {
        let at = (self.took_ms.len() * percent).div_ceil(100).max(1) - 1;
        self.took_ms.get(at).copied().unwrap_or_default()
    }
}

impl Load {
    /// Starts relay processes on a clock `times` as fast as the machine's. `binary` is the one called `trial`.
    pub async fn start(binary: &Path, times: i64) -> Result<Arc<Self>, Error> {
        let since = Clock::system().now();
        let clock = Clock::scaled(since, times);
        let world = Loopback::start(Options::in_memory(clock.clone(), Variables::new())).await?;
        world.simulator.switch(|s| s.latency_ms = DEFENDER_MS);
        let instances =
            Instances::start(binary, "instance", INSTANCES, &world.variables, since, times).await?;
        Ok(Arc::new(Self { world, instances, http: http_client()?, clock }))
    }

    /// Defender and Entra.
    pub fn simulator(&self) -> &Simulator {
        &self.world.simulator
    }

    /// Clients at once, each sending one-machine requests one after the other, of `tags` tags in turn.
    pub async fn clients(
        self: &Arc<Self>,
        clients: usize,
        requests: usize,
        tags: usize,
    ) -> Result<Answers, Error> {
        let client = |client: usize| {
            let load = Arc::clone(self);
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for n in 0..requests {
                    let (tag, machine) = (format!("tag-{}", (client + n) % tags), client * requests + n);
                    let began_at = load.clock.now();
                    let status = load.send(client + n, &tag, machine..machine + 1, "").await;
                    answers.push((status.ok(), load.clock.now().ms_since(began_at)));
                }
                answers
            })
        };
        let mut all = Answers { done: 0, durable: 0, failed: 0, took_ms: Vec::new() };
        for answers in join_all((0..clients).map(client)).await {
            for (status, took_ms) in answers? {
                match status {
                    Some(StatusCode::OK) => all.done += 1,
                    Some(StatusCode::ACCEPTED) => all.durable += 1,
                    _ => all.failed += 1,
                }
                all.took_ms.push(took_ms);
            }
        }
        all.took_ms.sort_unstable();
        Ok(all)
    }

    /// Queues machines of one tag while a pause holds, waits until they are done, and says how much memory the
    /// greediest process has held, in KiB.
    pub async fn backlog(&self, machines: usize, a_request: usize) -> Result<Option<u64>, Error> {
        self.simulator().next(Fault::TooManyRequests { retry_after_s: Some(60) });
        for first in (0..machines).step_by(a_request) {
            let part = first..(first + a_request).min(machines);
            let status = self.send(first, "bulk", part, "respond-async").await?;
            if status != StatusCode::ACCEPTED {
                return Err(format!("a request was answered {status}").into());
            }
        }
        self.until_empty().await?;
        Ok((0..INSTANCES).filter_map(|number| self.instances.peak_memory_kib(number)).max())
    }

    /// Returns when nothing waits any more.
    pub async fn until_empty(&self) -> Result<(), Error> {
        Ok(self.world.until_empty(&self.clock, LOOKS_MAX).await?)
    }

    async fn send(
        &self,
        instance: usize,
        tag: &str,
        machines: std::ops::Range<usize>,
        prefer: &str,
    ) -> Result<StatusCode, reqwest::Error> {
        let machines: Vec<_> = machines.map(|n| format!("{:040x}", n + 1)).collect();
        let body = json!({ "Value": tag, "Action": "Add", "MachineIds": machines });
        let post = self.http.post(format!("{}/v1/tag-requests", self.instances.url(instance)));
        let answer = post.bearer_auth(KEY).header("prefer", prefer).json(&body).send().await?;
        Ok(answer.status())
    }
}
