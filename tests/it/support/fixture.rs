use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, TenantsAt, Variables};
use defender_tag_relay::http::App;
use defender_tag_relay::start::app;
use local::credential::LocalCredential;
use local::{Loopback, LoopbackOptions, events};
use serde_json::Value;
use simulator::dynamodb::Storage;
use simulator::{Arrival, Simulator};
use tokio::sync::watch;

use super::clients::patient_clients;
use super::witness::Witness;
use super::{Answer, Ask, Lines, Meter, get, openapi};

/// A slow machine must not turn a 200 into a 202, unless that is what a test is about.
fn patient(mut variables: Variables) -> Variables {
    variables.entry("RESPOND_WITHIN_MS".into()).or_insert_with(|| "25000".into());
    variables
}

fn owned<const N: usize>(variables: [(&str, &str); N]) -> Variables {
    variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into()
}

/// Starts an instance of the relay that waits as long as a busy machine's table needs.
async fn patient_relay(loopback: &Loopback) -> App {
    let aws = patient_clients(&loopback.engine.url(), &loopback.simulator.url());
    app(&Settings::parse(&loopback.variables).unwrap(), aws, loopback.app.clock().clone()).await.unwrap()
}

async fn schedule(app: &App) {
    let event = events::load("schedule.json").unwrap();
    assert_eq!(events::play(app, event).await.unwrap()["status"], "drained");
}

/// When every test begins, in milliseconds since the Unix epoch.
const BEGINNING_MS: i64 = 1_800_000_000_000;

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;
/// Longest wait for something that must happen.
const PATIENCE: Duration = Duration::from_mins(2);

/// The addresses of a relay's dependencies.
#[derive(Clone, Debug)]
pub struct Addresses {
    pub dynamodb: String,
    pub secrets: String,
    pub defender: String,
    pub entra: String,
}

/// A relay, the doubles of its dependencies, and the clock that they share.
pub struct Fixture {
    pub loopback: Loopback,
    pub witness: Witness,
    time: Time,
}

/// What moves the clock.
enum Time {
    /// Waiting moves it on at once.
    Jumping(Arc<AtomicI64>),
    /// It stands still until a test lets time pass.
    Stepped(watch::Sender<i64>),
    /// It is the machine's clock.
    System,
}

impl Fixture {
    pub async fn new() -> Self {
        Self::with([]).await
    }

    /// A fixture whose relay has these environment variables.
    pub async fn with<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self::start(Storage::Memory, owned(variables)).await
    }

    pub async fn start(storage: Storage, variables: Variables) -> Self {
        let clock_ms = Arc::new(AtomicI64::new(BEGINNING_MS));
        let clock = Clock::manual(Arc::clone(&clock_ms));
        Self::on(storage, patient(variables), clock, Time::Jumping(clock_ms)).await
    }

    /// A fixture whose clock stands still until a test lets time pass.
    pub async fn with_stepped_clock<const N: usize>(variables: [(&str, &str); N]) -> Self {
        let (time, clock_ms) = watch::channel(BEGINNING_MS);
        let clock = Clock::stepped(clock_ms);
        Self::on(Storage::Memory, owned(variables), clock, Time::Stepped(time)).await
    }

    /// A fixture that other processes can share.
    pub async fn with_system_clock<const N: usize>(variables: [(&str, &str); N]) -> Self {
        Self::on(Storage::Memory, owned(variables), Clock::system(), Time::System).await
    }

    async fn on(storage: Storage, variables: Variables, clock: Clock, time: Time) -> Self {
        let options = LoopbackOptions { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
        let witness = Witness::new();
        let mut loopback = Loopback::start(options).await.unwrap();
        loopback.app = patient_relay(&loopback).await;
        witness.must_not_reveal(&loopback.variables["CLIENT_SECRET"]);
        witness.must_not_reveal_secrets_of(&loopback.variables["SOURCES"]);
        witness.look_at(&loopback.engine);
        witness.listen_to(&loopback.simulator);
        let sources = serde_json::from_str(&loopback.variables["SOURCES"]).unwrap();
        assert_eq!(
            super::schema::faults(&sources),
            Vec::<String>::new(),
            "the schema takes what the relay takes"
        );
        Self { loopback, witness, time }
    }

    /// The secrets that were revealed.
    pub fn revealed(&self) -> Vec<String> {
        self.witness.revealed()
    }

    /// Every log line, answer and item.
    pub fn everything_revealed(&self) -> String {
        self.witness.everything()
    }

    pub fn app(&self) -> &App {
        &self.loopback.app
    }

    pub fn simulator(&self) -> &Simulator {
        &self.loopback.simulator
    }

    /// Another instance of the relay, and a meter of what its table costs.
    pub async fn relay_metered(&self) -> (App, Meter) {
        let meter = Meter::default();
        let aws = meter.on(&patient_clients(&self.loopback.engine.url(), &self.simulator().url()));
        let settings = Settings::parse(&self.loopback.variables).unwrap();
        (app(&settings, aws, self.app().clock().clone()).await.unwrap(), meter)
    }

    /// Another instance of the relay with other variables, as after a deployment.
    pub async fn relay_with<const N: usize>(&self, variables: [(&str, &str); N]) -> App {
        self.relay_on(&self.loopback.engine.url(), variables).await
    }

    /// Another instance of the relay whose connections to its dependencies may be cut.
    pub async fn relay_behind(&self, lines: &Lines) -> App {
        self.relay_between(&lines.dynamodb_url, &lines.simulator_url).await
    }

    /// A fixture whose relay authenticates its app in this way.
    pub async fn with_credential(credential: LocalCredential) -> Self {
        let mut fixture = Self::new().await;
        fixture.use_credential(credential).await;
        fixture
    }

    /// From now on the relay authenticates its app in this way.
    pub async fn use_credential(&mut self, credential: LocalCredential) {
        self.loopback.use_credential(credential).await.unwrap();
        self.loopback.app = patient_relay(&self.loopback).await;
    }

    /// Another instance of the relay with its dependencies at these addresses.
    pub async fn relay_between(&self, dynamodb_url: &str, simulator_url: &str) -> App {
        let variables = [("DEFENDER_ENDPOINT", simulator_url), ("LOGIN_ENDPOINT", simulator_url)];
        self.relay_on(dynamodb_url, variables).await
    }

    /// Another instance of the relay with its dependencies at these addresses and with this clock. The configuration need
    /// not accept the addresses.
    pub async fn relay_at(&self, addresses: &Addresses, clock: Clock) -> App {
        let mut settings = Settings::parse(&self.loopback.variables).unwrap();
        let TenantsAt::One(tenant) = &mut settings.tenants else { panic!("a fixture has one tenant") };
        tenant.endpoints.defender.clone_from(&addresses.defender);
        tenant.endpoints.login.clone_from(&addresses.entra);
        let aws = local::aws::clients_of(&addresses.dynamodb, &addresses.secrets);
        app(&settings, aws, clock).await.unwrap()
    }

    async fn relay_on<const N: usize>(&self, dynamodb_url: &str, variables: [(&str, &str); N]) -> App {
        let mut all = self.loopback.variables.clone();
        all.extend(owned(variables));
        let aws = patient_clients(dynamodb_url, &self.simulator().url());
        app(&Settings::parse(&all).unwrap(), aws, self.app().clock().clone()).await.unwrap()
    }

    /// Another instance of the relay on the same table.
    pub async fn another_relay(&self) -> App {
        patient_relay(&self.loopback).await
    }

    /// Another instance whose clock differs by so many milliseconds from the clock of all others.
    pub async fn relay_whose_clock_is_off_by(&self, ms: i64) -> App {
        let own_ms = Arc::new(AtomicI64::new(self.app().clock().now().ms() + ms));
        self.loopback.another_relay(Clock::manual(own_ms)).await.unwrap()
    }

    /// Lets time pass.
    pub fn pass_s(&self, seconds: i64) {
        let ms = seconds * 1000;
        match &self.time {
            Time::Jumping(clock_ms) => drop(clock_ms.fetch_add(ms, Ordering::SeqCst)),
            Time::Stepped(time) => time.send_modify(|clock_ms| *clock_ms += ms),
            Time::System => panic!("the machine's clock is nobody's to move"),
        }
    }

    /// The event of a file, filled in and signed.
    pub fn ready(&self, file: &str) -> Value {
        events::ready(file, &self.loopback.variables["SOURCES"], self.app().clock().now()).unwrap()
    }

    /// Plays an event through the handler.
    pub async fn play(&self, event: Value) -> Answer {
        Answer::new(&self.play_any(event).await)
    }

    /// Plays an event of any kind through the handler.
    pub async fn play_any(&self, event: Value) -> Value {
        self.play_on(self.app(), event).await
    }

    /// Sends a request to another instance of the relay.
    pub async fn ask(&self, app: &App, ask: &Ask) -> Answer {
        Answer::new(&self.play_on(app, ask.event()).await)
    }

    async fn play_on(&self, app: &App, event: Value) -> Value {
        self.witness.must_not_reveal_credentials_of(&event);
        let answer = openapi::play(app, event).await.unwrap();
        self.witness.answered(&answer);
        answer
    }

    /// What the schedule does each minute.
    pub async fn schedule(&self) {
        self.schedule_of(self.app()).await;
    }

    /// The same, with another instance.
    pub async fn schedule_of(&self, app: &App) {
        schedule(app).await;
    }

    /// Lets minutes pass, each with its schedule, until nothing waits.
    pub async fn schedule_until_empty(&self) {
        self.drain_until_empty(self.app()).await;
    }

    /// The same, with the schedule of another instance.
    pub async fn drain_until_empty(&self, app: &App) {
        for _ in 0..300 {
            schedule(app).await;
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

    /// Checks that the budget counted every call that Defender received in the last hour, and at least so many.
    pub async fn every_call_had_a_permit(&self, begun: usize) {
        let now_ms = self.app().clock().now().ms();
        let recent = |call: &&Arrival| i64::try_from(call.received_at_ms).unwrap() > now_ms - HOUR_MS;
        let came = self.simulator().arrivals().iter().filter(recent).count();
        let used = self.budget().await["hour"]["used"].as_u64().unwrap();
        assert!(used >= begun.max(came) as u64, "{begun} begun, {came} came to Defender, {used} permits");
    }

    /// Returns when a call has come to Defender.
    pub async fn until_called(&self) {
        self.until(|| self.calls() > 0).await;
    }

    /// Returns when the condition holds.
    pub async fn until(&self, is_so: impl Fn() -> bool) {
        let looks = async {
            while !is_so() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, looks).await.expect("it comes in time");
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
