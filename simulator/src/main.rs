//! The simulator as a server of its own, for a client in another process.

use simulator::dynamodb::{Engine, Storage};
use simulator::{Options, Simulator, clock};
use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use tokio::signal::unix::{SignalKind, signal};

const USAGE: &str = "simulator [--port N] [--tenant ID] [--client ID] [--client-secret TEXT]
          [--dynamodb-port N [--table NAME] [--file PATH]]";

/// What the command line says; every number is a port on 127.0.0.1, 0 taking any free one.
struct Arguments {
    port: u16,
    tenant: String,
    client: String,
    client_secret: String,
    dynamodb_port: Option<u16>,
    table: String,
    file: Option<PathBuf>,
}

impl Default for Arguments {
    fn default() -> Self {
        Self {
            port: 8_800,
            tenant: "11111111-1111-1111-1111-111111111111".to_owned(),
            client: "22222222-2222-2222-2222-222222222222".to_owned(),
            client_secret: "simulated".to_owned(),
            dynamodb_port: None,
            table: "defender-tag-relay".to_owned(),
            file: None,
        }
    }
}

impl Arguments {
    fn read(mut given: impl Iterator<Item = String>) -> Result<Self, String> {
        let mut arguments = Self::default();
        while let Some(name) = given.next() {
            let value = given.next().ok_or_else(|| format!("{name} needs a value\n{USAGE}"))?;
            arguments.set(&name, value)?;
        }
        Ok(arguments)
    }

    fn set(&mut self, name: &str, value: String) -> Result<(), String> {
        let port = || value.parse().map_err(|_| format!("{name} needs a port, not {value}"));
        match name {
            "--port" => self.port = port()?,
            "--dynamodb-port" => self.dynamodb_port = Some(port()?),
            "--tenant" => self.tenant = value,
            "--client" => self.client = value,
            "--client-secret" => self.client_secret = value,
            "--table" => self.table = value,
            "--file" => self.file = Some(value.into()),
            _ => return Err(format!("{name} is not known\n{USAGE}")),
        }
        Ok(())
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let outcome = match Arguments::read(std::env::args().skip(1)) {
        Ok(arguments) => run(arguments).await.map_err(|error| error.to_string()),
        Err(message) => Err(message),
    };
    if let Err(message) = outcome {
        eprintln!("{message}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
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
    let (tenant, client) = (arguments.tenant.clone(), arguments.client.clone());
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
