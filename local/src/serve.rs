//! Stays up and serves on 127.0.0.1.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::ExitCode;

use axum::middleware::from_fn;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::{Settings, TenantsAt, Variables};
use defender_tag_relay::http::{App, router};
use defender_tag_relay::start::app;
use local::curl::shell_quote;
use local::loopback::{KEY, TABLE, engine};
use local::serving::{ServingEntry, ServingRun, USUAL_PORT};
use local::{Loopback, LoopbackOptions, aws, files, sources};
use serde_json::json;
use simulator::dynamodb::Storage;
use simulator::own_machine_only;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

use super::arguments::LocalArguments;
use super::screen;
use super::send::read_file;

/// Milliseconds between two drains on schedule. On Lambda it is a minute.
const SCHEDULE_MS: i64 = 10_000;
/// Milliseconds after which a change of the simulated machines is kept at most.
const KEPT_EVERY_MS: i64 = 200;
/// Milliseconds a drain on schedule may take.
const DRAIN_MS: i64 = 60_000;
/// Variables that `template.yaml` sets. An empty one counts as not set.
const SET_IN_TEMPLATE: [&str; 5] =
    ["CLIENT_SECRET_ARN", "CLIENT_CERTIFICATE_ARN", "FEDERATED_AUDIENCE", "SOURCES_ARN", "TENANTS_ARN"];

/// Serves with the simulator.
pub(crate) async fn simulated(arguments: &LocalArguments) -> Result<ExitCode, lambda_runtime::Error> {
    let (sources_file, sources) = match &arguments.sources {
        Some(file) => (files::find(file), read_file(file)?),
        None => (arguments.sources_file(), sources::kept(&arguments.sources_file())?.to_string()),
    };
    let mut fixture = Loopback::start(LoopbackOptions {
        dynamodb_port: port(arguments.dynamodb_port, DYNAMODB).await?,
        simulator_port: port(arguments.simulator_port, SIMULATOR).await?,
        storage: arguments.storage(),
        clock: Clock::system(),
        variables: Variables::from([("SOURCES".into(), sources)]),
    })
    .await?;
    if let Some(credential) = arguments.credential {
        fixture.use_credential(credential).await?;
    }
    let machines_file = arguments.machines_file();
    if let Some(text) = machines_file.as_ref().and_then(|file| std::fs::read_to_string(file).ok()) {
        fixture.simulator.set_machines(serde_json::from_str(&text)?);
    }
    let listener = listen(port(arguments.port, RELAY).await?).await?;
    let address = listener.local_addr()?;
    let sam_environment = arguments.sam_environment_file();
    write_sam_environment(&sam_environment, &fixture.variables)?;
    let _entry = ServingEntry::write(&ServingRun {
        port: address.port(),
        sources: std::path::absolute(&sources_file)?,
        data: arguments.data.as_ref().map(std::path::absolute).transpose()?,
    })?;
    let own_sources = arguments.sources.is_some().then_some(sources_file.as_path());
    greet(&fixture, address, &sam_environment, own_sources);
    tokio::select! {
        served = serve(listener, fixture.app.clone()) => served?,
        kept = keep_machines(&fixture, machines_file.as_deref()) => kept?,
    }
    if let Some(file) = machines_file {
        files::write(&file, &serde_json::to_string(&fixture.simulator.machines())?)?;
        screen::line("stopped; the next start with the same --data goes on from here");
    } else {
        screen::line("stopped; nothing is kept (with --data FILE it would be)");
    }
    fixture.engine.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Serves with the real Defender: the credentials are in the environment, the table on this machine.
pub(crate) async fn real(
    arguments: &LocalArguments,
    mut variables: Variables,
) -> Result<ExitCode, lambda_runtime::Error> {
    let storage = Storage::File(arguments.data_file());
    let clock = Clock::system();
    let engine = engine(port(arguments.dynamodb_port, DYNAMODB).await?, storage, &clock).await?;
    variables.insert("TABLE_NAME".into(), TABLE.into());
    let settings = Settings::parse(&variables)?;
    let app = app(&settings, aws::clients(&engine.url()), clock).await?;
    let listener = listen(port(arguments.port, RELAY).await?).await?;
    let address = listener.local_addr()?;
    screen::line(format!("The relay serves on http://{address} and talks to the REAL Defender:"));
    for endpoint in defender_endpoints(&settings.tenants) {
        screen::line(format!("  {endpoint}"));
    }
    screen::line(
        "It counts calls in a table of its own. A relay that runs elsewhere with the same app counts its own.",
    );
    screen::line(
        "The files of events/ are not played, because their machines are not yours. Ctrl-C ends it.\n",
    );
    serve(listener, app).await?;
    screen::line("stopped; accepted requests stay in the table's file and resume on the next start");
    engine.stop().await;
    Ok(ExitCode::SUCCESS)
}

/// Where Defender is, as far as the variables say so.
fn defender_endpoints(tenants: &TenantsAt) -> Vec<&str> {
    match tenants {
        TenantsAt::One(tenant) => vec![&tenant.endpoints.defender],
        TenantsAt::Several { usual, .. } => vec![&usual.endpoints.defender],
    }
}

/// A port of the local run: the one it usually has, what listens there, and the option that chooses another.
#[derive(Clone, Copy)]
struct UsualPort {
    port: u16,
    what: &'static str,
    option: &'static str,
}

const RELAY: UsualPort = UsualPort { port: USUAL_PORT, what: "the relay", option: "--port" };
const SIMULATOR: UsualPort = UsualPort { port: 8081, what: "the simulator", option: "--simulator-port" };
const DYNAMODB: UsualPort = UsualPort { port: 8000, what: "DynamoDB", option: "--dynamodb-port" };

/// The port that was asked for, or the usual one, or any free one if that is taken.
async fn port(asked: Option<u16>, usual: UsualPort) -> Result<u16, String> {
    let port = asked.unwrap_or(usual.port);
    let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.is_ok();
    match asked {
        _ if is_free => Ok(port),
        None => {
            let UsualPort { what, option, .. } = usual;
            screen::line(format!("Port {port} is in use: {what} takes a free one ({option} chooses)."));
            Ok(0)
        }
        Some(port) => {
            let UsualPort { what, option, .. } = usual;
            Err(format!("port {port} is in use, so {what} cannot listen there: choose another with {option}"))
        }
    }
}

async fn listen(port: u16) -> Result<TcpListener, String> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let listener = TcpListener::bind(address).await;
    listener.map_err(|error| format!("the relay cannot listen on {address}: {error}"))
}

/// Serves until Ctrl-C or SIGTERM, then finishes the calls in flight.
async fn serve(listener: TcpListener, app: App) -> std::io::Result<()> {
    let schedule = tokio::spawn(drain_on_schedule(app.clone()));
    let relays = app.relays.clone();
    let router = router(app).layer(from_fn(own_machine_only));
    axum::serve(listener, router).with_graceful_shutdown(interrupted()).await?;
    schedule.abort();
    relays.until_idle().await;
    Ok(())
}

/// Keeps the simulated machines beside the table while it serves, so that they agree after a crash too, but for the last
/// moment.
async fn keep_machines(fixture: &Loopback, file: Option<&Path>) -> std::io::Result<()> {
    let Some(file) = file else { return std::future::pending().await };
    let clock = fixture.app.clock();
    let mut kept = fixture.simulator.machines();
    loop {
        clock.wait_until(clock.now().plus_ms(KEPT_EVERY_MS)).await;
        let machines = fixture.simulator.machines();
        if machines != kept {
            files::write(file, &serde_json::to_string(&machines)?)?;
            kept = machines;
        }
    }
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

fn write_sam_environment(file: &Path, variables: &Variables) -> std::io::Result<()> {
    let mut variables = variables.clone();
    for name in SET_IN_TEMPLATE {
        variables.entry(name.into()).or_default();
    }
    let environment = json!({ "RelayFunction": variables });
    files::write(file, &format!("{environment:#}\n"))
}

fn greet(fixture: &Loopback, address: SocketAddr, sam_environment: &Path, own_sources: Option<&Path>) {
    let simulator = fixture.simulator.url();
    screen::live_line(format!("The relay serves on http://{address}"));
    screen::live_line(format!("  Defender, simulated: {simulator}"));
    screen::live_line(format!("  DynamoDB, embedded:  {}", fixture.engine.url()));
    screen::live_line(format!("  for `sam local`:     --env-vars {}", screen::path(sam_environment)));
    screen::live_line("\nTry, in another terminal:");
    match own_sources {
        Some(file) => show_own(address, file),
        None => show_tour(address),
    }
    screen::live_line(format!(
        "\n   The tags in the simulated Defender:\n\n   curl -s {simulator}/_sim/machines"
    ));
    screen::live_line("\nEach request and each outcome is shown here. Ctrl-C ends it.\n");
}

fn show_own(address: SocketAddr, file: &Path) {
    let file = shell_quote(&screen::path(file).to_string());
    screen::live_line(format!(
        "\n1. Send a webhook, signed as one of your sources signs it:\n\n   \
         cargo local send --source <name> <body.json>\n\n   \
         `cargo local check {file}` shows how each source is called.\n\n   \
         The relay's address is http://{address}."
    ));
}

fn show_tour(address: SocketAddr) {
    screen::live_line(format!(
        "\n1. Tag a machine:\n\n   \
         curl -s http://{address}/v1/tag-requests \\\n     \
         -H 'Authorization: Bearer {KEY}' \\\n     \
         -H 'Content-Type: application/json' \\\n     \
         -d '{{\"Value\": \"vip\", \"Action\": \"Add\",\n          \
         \"MachineIds\": [\"34e83ca3feea4dbf2353006ea769262bac60025e\"]}}'"
    ));
    screen::live_line(
        "\n2. Send a webhook, signed as PagerDuty signs it:\n\n   \
         cargo local send --source pagerduty events/hooks/pagerduty.json",
    );
    screen::live_line(format!(
        "\n3. See what is left of Defender's limits:\n\n   \
         curl -s http://{address}/v1/budget \\\n     \
         -H 'Authorization: Bearer {KEY}'"
    ));
}
