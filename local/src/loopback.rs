//! The embedded DynamoDB, the simulator and the relay, wired together on 127.0.0.1.
//!
//! Invariant: every secret in here is made at the start and opens nothing but this simulator.

use std::sync::Arc;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Variables};
use defender_tag_relay::http::App;
use defender_tag_relay::start::{StartError, app};
use simulator::Simulator;
use simulator::dynamodb::{Engine, EngineError, Storage};

use crate::credential::LocalCredential;
use crate::{aws, files, sources};

/// The bearer key of the files in `events/`.
pub const KEY: &str = "this-key-opens-only-the-simulator";
/// The table's name.
pub const TABLE: &str = "defender-tag-relay";
const TENANT: &str = "11111111-2222-3333-4444-555555555555";
const CLIENT: &str = "99999999-8888-7777-6666-555555555555";

/// Where everything runs.
#[derive(Debug)]
pub struct LoopbackOptions {
    /// The embedded DynamoDB's port; 0 for any.
    pub dynamodb_port: u16,
    /// The simulator's port; 0 for any.
    pub simulator_port: u16,
    /// Where the table is kept.
    pub storage: Storage,
    /// The clock of everything.
    pub clock: Clock,
    /// Variables that replace the ones made here.
    pub variables: Variables,
}

impl LoopbackOptions {
    /// On free ports and in memory.
    pub const fn in_memory(clock: Clock, variables: Variables) -> Self {
        Self { dynamodb_port: 0, simulator_port: 0, storage: Storage::Memory, clock, variables }
    }
}

/// The relay and the services it calls, on 127.0.0.1.
pub struct Loopback {
    /// The embedded DynamoDB.
    pub engine: Engine,
    /// Defender and Entra.
    pub simulator: Simulator,
    /// The relay.
    pub app: App,
    /// The environment the relay was started with.
    pub variables: Variables,
}

/// Why the local run could not start.
#[derive(Debug)]
pub enum NotStarted {
    /// The table's file.
    File(std::path::PathBuf, std::io::Error),
    /// The embedded DynamoDB.
    Engine(EngineError),
    /// The simulator.
    Simulator(std::io::Error),
    /// The relay.
    Relay(StartError),
    /// The app's credential.
    Credential(String),
}

impl std::fmt::Display for NotStarted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path, error) => write!(f, "{} cannot be made: {error}", path.display()),
            Self::Engine(error) => write!(f, "the embedded DynamoDB did not start: {error}"),
            Self::Simulator(error) => write!(f, "the simulator did not start: {error}"),
            Self::Relay(error) => write!(f, "the relay did not start: {error}"),
            Self::Credential(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for NotStarted {}

impl Loopback {
    /// Starts everything.
    pub async fn start(options: LoopbackOptions) -> Result<Self, NotStarted> {
        let engine = engine(options.dynamodb_port, options.storage, &options.clock).await?;
        let client_secret = uuid::Uuid::new_v4().to_string();
        let simulator = Simulator::start(simulator::Options {
            port: options.simulator_port,
            clock: simulated(&options.clock),
            tenant_id: TENANT.into(),
            client_id: CLIENT.into(),
            client_secret: client_secret.clone(),
        })
        .await
        .map_err(NotStarted::Simulator)?;
        let mut variables = variables(&simulator.url(), &engine.url(), &client_secret);
        variables.extend(options.variables);
        let app = start(&variables, &engine.url(), &simulator.url(), options.clock)
            .await
            .map_err(NotStarted::Relay)?;
        Ok(Self { engine, simulator, app, variables })
    }

    /// Another relay on the same table and simulator, as another Lambda instance would be.
    pub async fn another_relay(&self, clock: Clock) -> Result<App, NotStarted> {
        self.relay_with(&self.variables, clock).await
    }

    /// The same with other variables.
    pub async fn relay_with(&self, variables: &Variables, clock: Clock) -> Result<App, NotStarted> {
        start(variables, &self.engine.url(), &self.simulator.url(), clock).await.map_err(NotStarted::Relay)
    }

    /// Returns when the backlog is empty. Looks at it once in each second of this clock.
    pub async fn until_empty(&self, clock: &Clock, looks_at_most: usize) -> Result<(), String> {
        let relay = self.app.relays.first();
        let report = async || relay.report().await.map_err(|error| error.to_string());
        for _ in 0..looks_at_most {
            if report().await?.backlog.requests == 0 {
                return Ok(());
            }
            clock.wait_until(clock.now().plus_ms(1_000)).await;
        }
        Err(format!("the backlog is stuck: {:?}", report().await?))
    }

    /// From now on the relay's app has this credential.
    pub async fn use_credential(&mut self, credential: LocalCredential) -> Result<(), NotStarted> {
        let changed = credential.register(&self.simulator, &self.variables);
        let changed = changed.map_err(NotStarted::Credential)?;
        self.variables.extend(changed);
        self.app = self.another_relay(self.app.clock().clone()).await?;
        Ok(())
    }
}

fn simulated(clock: &Clock) -> simulator::clock::Clock {
    let clock = clock.clone();
    Arc::new(move || clock.now().ms().unsigned_abs())
}

/// The embedded DynamoDB with the relay's table. Its replies carry the clock's date.
pub async fn engine(port: u16, storage: Storage, clock: &Clock) -> Result<Engine, NotStarted> {
    if let Storage::File(path) = &storage {
        // The engine takes the file as it finds it, so that nobody else can read what it holds.
        files::make_table(path).map_err(|error| NotStarted::File(path.clone(), error))?;
    }
    let engine = if clock.is_system() {
        Engine::start(port, storage).await
    } else {
        Engine::start_dated(port, storage, simulated(clock)).await
    };
    let engine = engine.map_err(NotStarted::Engine)?;
    engine.create_table(TABLE).map_err(NotStarted::Engine)?;
    Ok(engine)
}

async fn start(
    variables: &Variables,
    dynamodb_url: &str,
    simulator_url: &str,
    clock: Clock,
) -> Result<App, StartError> {
    app(&Settings::parse(variables)?, aws::clients_of(dynamodb_url, simulator_url), clock).await
}

/// The environment of a relay that reaches only this simulator and this engine.
fn variables(simulator_url: &str, dynamodb_url: &str, client_secret: &str) -> Variables {
    [
        ("TABLE_NAME", TABLE.to_owned()),
        ("TENANT_ID", TENANT.to_owned()),
        ("CLIENT_ID", CLIENT.to_owned()),
        ("CLIENT_SECRET", client_secret.to_owned()),
        ("SOURCES", sources::fresh().to_string()),
        ("DEFENDER_ENDPOINT", simulator_url.to_owned()),
        ("LOGIN_ENDPOINT", simulator_url.to_owned()),
        ("AWS_ENDPOINT_URL_DYNAMODB", dynamodb_url.to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into()
}
