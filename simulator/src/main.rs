//! The simulator as a server of its own, for a client in another process.

use clap::Parser;
use simulator::dynamodb::{Engine, Storage};
use simulator::{Options, Simulator, clock};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

/// Entra and Defender on 127.0.0.1, and the embedded `DynamoDB` beside them if it is asked for.
#[derive(Debug, Parser)]
#[command(name = "simulator", version)]
struct Arguments {
    /// The port of Entra and Defender; 0 takes any free one.
    #[arg(long, default_value_t = 8_800)]
    port: u16,
    /// The one tenant that Entra knows.
    #[arg(long, default_value = "11111111-1111-1111-1111-111111111111")]
    tenant: String,
    /// The one application that is registered there.
    #[arg(long, default_value = "22222222-2222-2222-2222-222222222222")]
    client: String,
    /// The application's secret.
    #[arg(long, default_value = "simulated")]
    client_secret: String,
    /// The port of the embedded `DynamoDB`, which is started only with this option; 0 takes any free one.
    #[arg(long)]
    dynamodb_port: Option<u16>,
    /// The table to make there.
    #[arg(long, default_value = "defender-tag-relay")]
    table: String,
    /// The file that the table is kept in; without it, memory.
    #[arg(long)]
    file: Option<PathBuf>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Box<dyn Error>> {
    let engine = start_engine(&arguments).await?;
    let simulator = start_simulator(arguments).await?;
    stopped().await?;
    drop(simulator);
    if let Some(engine) = engine {
        engine.stop().await;
    }
    Ok(())
}

async fn start_engine(arguments: &Arguments) -> Result<Option<Engine>, Box<dyn Error>> {
    let Some(port) = arguments.dynamodb_port else { return Ok(None) };
    let storage = arguments.file.clone().map_or(Storage::Memory, Storage::File);
    let engine = Engine::start(port, storage).await?;
    engine.create_table(&arguments.table)?;
    println!("DynamoDB            {}  table {}", engine.url(), arguments.table);
    Ok(Some(engine))
}

async fn start_simulator(arguments: Arguments) -> Result<Simulator, Box<dyn Error>> {
    let tenant = arguments.tenant.clone();
    let client = arguments.client.clone();
    let simulator = Simulator::start(Options {
        port: arguments.port,
        clock: clock::system_clock(),
        tenant_id: arguments.tenant,
        client_id: arguments.client,
        client_secret: arguments.client_secret,
    })
    .await?;
    println!("Entra and Defender  {}  tenant {tenant}  client {client}", simulator.url());
    Ok(simulator)
}

async fn stopped() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        outcome = tokio::signal::ctrl_c() => outcome,
        _ = terminate.recv() => Ok(()),
    }
}
