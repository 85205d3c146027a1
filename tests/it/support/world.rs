use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use defender_tag_relay::http::App;
use local::{Loopback, Options, events};
use serde_json::Value;
use simulator::Simulator;
use simulator::dynamodb::Storage;

use super::{Answer, get};

/// A slow machine must not turn a 200 into a 202, unless that is what a test is about.
fn patient(mut variables: Variables) -> Variables {
    variables.entry("RESPOND_WITHIN_MS".into()).or_insert_with(|| "25000".into());
    variables
}

/// When every test begins, in milliseconds since the Unix epoch.
const BEGINNING_MS: i64 = 1_800_000_000_000;

/// A relay with its outside worlds, and the clock they all go by. Waiting moves the clock on at once.
pub struct World {
    pub loopback: Loopback,
    clock_ms: Arc<AtomicI64>,
}

impl World {
    pub async fn new() -> Self {
        Self::with([]).await
    }

    /// A world whose relay has these variables in its environment.
    pub async fn with<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self::start(Storage::Memory, variables.into()).await
    }

    pub async fn start(storage: Storage, variables: Variables) -> Self {
        let variables = patient(variables);
        let clock_ms = Arc::new(AtomicI64::new(BEGINNING_MS));
        let clock = Clock::manual(Arc::clone(&clock_ms));
        let options = Options { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
        Self { loopback: Loopback::start(options).await.unwrap(), clock_ms }
    }

    /// A world that other processes can share.
    pub async fn on_the_systems_clock<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let (storage, clock) = (Storage::Memory, Clock::system());
        let options = Options { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
        Self { loopback: Loopback::start(options).await.unwrap(), clock_ms: Arc::default() }
    }

    pub fn app(&self) -> &App {
        &self.loopback.app
    }

    pub fn simulator(&self) -> &Simulator {
        &self.loopback.simulator
    }

    /// Another instance of the relay on the same table.
    pub async fn another_relay(&self) -> App {
        self.loopback.another_relay(Clock::manual(Arc::clone(&self.clock_ms))).await.unwrap()
    }

    /// Lets time pass.
    pub fn pass_s(&self, seconds: i64) {
        self.clock_ms.fetch_add(seconds * 1000, Ordering::SeqCst);
    }

    /// Plays an event through the handler.
    pub async fn play(&self, event: Value) -> Answer {
        Answer::new(&events::play(self.app(), event).await.unwrap())
    }

    /// What the schedule does each minute.
    pub async fn schedule(&self) {
        let event = events::load("schedule.json").unwrap();
        assert_eq!(events::play(self.app(), event).await.unwrap()["status"], "drained");
    }

    /// Lets minutes pass, each with its schedule, until nothing waits.
    pub async fn schedule_until_empty(&self) {
        for _ in 0..300 {
            self.schedule().await;
            if self.budget().await["backlog"]["requests"] == 0 {
                return;
            }
            self.pass_s(60);
        }
        panic!("the backlog is not empty after five hours");
    }

    pub async fn budget(&self) -> Value {
        get("/v1/budget").send(self).await.body
    }

    pub fn calls(&self) -> usize {
        self.simulator().arrivals().len()
    }

    /// The number of machines of each call.
    pub fn call_sizes(&self) -> Vec<usize> {
        self.simulator().arrivals().iter().map(|call| call.machine_ids.len()).collect()
    }

    /// Whether Defender's machine carries the tag.
    pub fn carries(&self, machine: &str, tag: &str) -> bool {
        self.simulator().tags_of(machine).contains(tag)
    }
}
