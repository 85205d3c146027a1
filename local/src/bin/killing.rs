//! Kills relay processes at random moments under load, seed after seed: `cargo killing --seeds 50`.

use std::process::ExitCode;

use clap::{Parser, Subcommand};
use defender_tag_relay::config::from_environment;
use defender_tag_relay::domain::Timestamp;
use local::trial::{Killing, serve_instance};

/// Kills relay processes at random moments under load, and judges what is left. Ends at the first fault.
#[derive(Debug, Parser)]
#[command(name = "cargo killing", version)]
struct Arguments {
    #[command(subcommand)]
    role: Option<Role>,
    /// The first seed.
    #[arg(long, default_value_t = 1)]
    from: u64,
    /// How many seeds.
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Relay processes.
    #[arg(long, default_value_t = 3)]
    instances: usize,
    /// Clients at once.
    #[arg(long, default_value_t = 6)]
    clients: usize,
    /// Requests of each client.
    #[arg(long, default_value_t = 20)]
    requests: usize,
    /// Processes killed with each seed.
    #[arg(long, default_value_t = 8)]
    kills: usize,
    /// How much faster than the machine's the run's clock is.
    #[arg(long, default_value_t = 10)]
    times: i64,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Role {
    /// Be one of the processes that are killed. Its settings are in the environment.
    Instance {
        /// When the run's clock began, in milliseconds since the Unix epoch.
        since_ms: i64,
        /// How much faster than the machine's it is.
        times: i64,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let ran = match arguments.role {
        Some(Role::Instance { since_ms, times }) => {
            serve_instance(&from_environment(), Timestamp::from_ms(since_ms), times).await
        }
        None => kill(arguments).await,
    };
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn kill(arguments: Arguments) -> Result<(), lambda_runtime::Error> {
    let Arguments { from, seeds, instances, clients, requests, kills, times, .. } = arguments;
    let binary = std::env::current_exe()?;
    for seed in from..from + seeds {
        let run = Killing { seed, instances, clients, requests, kills, times }.run(&binary).await;
        println!("seed {seed}: {:?}", run.map_err(|fault| format!("seed {seed}: FAULT: {fault}"))?);
    }
    Ok(())
}
