//! Stays up and serves on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, Variables, from_environment};
use defender_tag_relay::http::{App, router};
use defender_tag_relay::start::app;
use local::loopback::{KEY, TABLE, engine};
use local::{Loopback, LoopbackOptions, aws, sources};
use serde_json::json;
use simulator::dynamodb::Storage;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::LocalArguments;

/// Milliseconds between two drains on schedule. On Lambda it is a minute.
const SCHEDULE_MS: i64 = 10_000;
/// Milliseconds a drain on schedule may take.
const DRAIN_MS: i64 = 60_000;
/// The variables that make a run a real one.
const REAL: [&str; 2] = ["TENANT_ID", "CLIENT_ID"];
/// The credentials that need nothing from AWS. A real run has one of them.
const REAL_CREDENTIALS: [&str; 2] = ["CLIENT_SECRET", "CLIENT_CERTIFICATE"];
/// Variables that `template.yaml` sets. An empty one counts as not set.
const SET_IN_TEMPLATE: [&str; 5] =
    ["CLIENT_SECRET_ARN", "CLIENT_CERTIFICATE_ARN", "FEDERATED_AUDIENCE", "SOURCES_ARN", "TENANTS_ARN"];
/// The environment of `sam local`, for the function of `template.yaml`.
const SAM_ENVIRONMENT: &str = ".local/sam-env.json";

/// The environment, if it has real credentials.
pub(crate) fn real_variables() -> Option<Variables> {
    let variables = from_environment();
    let has = |name: &&str| variables.get(*name).is_some_and(|value| !value.is_empty());
    (REAL.iter().all(has) && REAL_CREDENTIALS.iter().any(has)).then_some(variables)
}

/// Serves with the simulator.
pub(crate) async fn simulated(arguments: &LocalArguments) -> Result<ExitCode, lambda_runtime::Error> {
    let sources = sources::kept(&arguments.sources())?;
    let mut fixture = Loopback::start(LoopbackOptions {
        dynamodb_port: arguments.dynamodb_port,
        simulator_port: arguments.simulator_port,
        storage: Storage::File(arguments.data.clone()),
        clock: Clock::system(),
        variables: Variables::from([("SOURCES".into(), sources.to_string())]),
    })
    .await?;
    if let Some(credential) = arguments.credential {
        fixture.use_credential(credential).await?;
    }
    let listener = listen(arguments.port).await?;
    write_sam_environment(&fixture.variables)?;
    greet(&fixture, listener.local_addr()?);
    serve(listener, fixture.app.clone()).await?;
    fixture.engine.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Serves with the real Defender: the credentials are in the environment, the table on this machine.
pub(crate) async fn real(
    arguments: &LocalArguments,
    mut variables: Variables,
) -> Result<ExitCode, lambda_runtime::Error> {
    let storage = Storage::File(arguments.data.clone());
    let clock = Clock::system();
    let engine = engine(arguments.dynamodb_port, storage, &clock).await?;
    variables.insert("TABLE_NAME".into(), TABLE.into());
    let settings = Settings::parse(&variables)?;
    let app = app(&settings, aws::clients(&engine.url()), clock).await?;
    let listener = listen(arguments.port).await?;
    let address = listener.local_addr()?;
    println!("The relay serves on http://{address} and talks to the real Defender.");
    println!("The files of events/ are not played: their machines are not yours. Ctrl-C ends it.");
    serve(listener, app).await?;
    engine.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    TcpListener::bind(address)
        .await
        .map_err(|error| format!("{address} cannot be used: {error}; choose --port"))
}

/// Serves until Ctrl-C or SIGTERM, then finishes the calls in flight.
async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let schedule = tokio::spawn(drain_on_schedule(app.clone()));
    let relays = app.relays.clone();
    axum::serve(listener, router(app)).with_graceful_shutdown(interrupted()).await?;
    schedule.abort();
    relays.until_idle().await;
    println!("ended; what was accepted is kept and goes on with the next run");
    Ok(())
}

async fn drain_on_schedule(app: App) {
    loop {
        let clock = app.clock();
        app.relays.on_schedule(clock.now().plus_ms(DRAIN_MS)).await;
        clock.wait_until(clock.now().plus_ms(SCHEDULE_MS)).await;
    }
}

/// Returns on Ctrl-C or SIGTERM.
pub(crate) async fn interrupted() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn write_sam_environment(variables: &Variables) -> std::io::Result<()> {
    let path = Path::new(SAM_ENVIRONMENT);
    std::fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
    let mut variables = variables.clone();
    for name in SET_IN_TEMPLATE {
        variables.entry(name.into()).or_default();
    }
    let environment = json!({ "RelayFunction": variables });
    std::fs::write(path, format!("{environment:#}\n"))
}

fn greet(fixture: &Loopback, address: SocketAddr) {
    println!("The relay serves on http://{address}");
    println!("  Defender and Entra, simulated: {}", fixture.simulator.url());
    println!("  DynamoDB, embedded:            {}", fixture.engine.url());
    println!("  for sam local:                 --env-vars {SAM_ENVIRONMENT}\n");
    println!("Try (Ctrl-C ends it):\n");
    println!(
        "  curl -s http://{address}/v1/tag-requests -H 'Authorization: Bearer {KEY}' \\\n    \
         -H 'Content-Type: application/json' \\\n    \
         -d '{{\"Value\": \"vip\", \"Action\": \"Add\", \
         \"MachineIds\": [\"34e83ca3feea4dbf2353006ea769262bac60025e\"]}}'\n"
    );
    println!("  curl -s http://{address}/v1/budget -H 'Authorization: Bearer {KEY}'");
}
