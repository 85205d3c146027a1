//! The relay on this machine, on one command: plays the files of `events/`, stays up with `--serve`, or sends a file
//! as one of the sources would.

mod play;
mod send;
mod serve;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use defender_tag_relay::logging;
use local::credential::LocalCredential;

/// The relay on this machine: embedded DynamoDB, a simulator of Defender and Entra, the relay's real handler.
///
/// Without options it plays the files of events/ and shows what each did. With `TENANT_ID`, `CLIENT_ID`,
/// `CLIENT_SECRET` and a `SOURCES` variable in the environment it serves and talks to the real Defender.
#[derive(Debug, Parser)]
#[command(name = "cargo local", version)]
struct LocalArguments {
    /// Stay up and serve on 127.0.0.1 until Ctrl-C.
    #[arg(long)]
    serve: bool,
    /// The relay's port with --serve.
    #[arg(long, default_value_t = 8080)]
    port: u16,
    /// The simulator's port with --serve.
    #[arg(long, default_value_t = 8081)]
    simulator_port: u16,
    /// The embedded DynamoDB's port with --serve.
    #[arg(long, default_value_t = 8000)]
    dynamodb_port: u16,
    /// The app's credential in the simulated Entra with --serve; without it, a plain secret.
    #[arg(long = "proof")]
    credential: Option<LocalCredential>,
    /// The file the table is kept in.
    #[arg(long, default_value = ".local/relay.db")]
    data: PathBuf,
    /// Log lines of this level and above go to standard output.
    #[arg(long, default_value = "off")]
    log: String,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Sign a file as one of the sources and send it to a relay.
    Send(send::Send),
    /// Show an event of events/hooks/, filled in and signed as its source would sign it now.
    Sign(send::Sign),
}

impl LocalArguments {
    /// The file with the sources of the local run.
    fn sources(&self) -> PathBuf {
        self.data.with_file_name("sources.json")
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = LocalArguments::parse();
    if let Ok(level) = arguments.log.parse() {
        logging::to_stdout(level, "local");
    }
    let real = serve::real_variables();
    let run = async {
        match real {
            _ if arguments.command.is_some() => send::run(&arguments).await,
            Some(variables) => serve::real(&arguments, variables).await,
            None if arguments.serve => serve::simulated(&arguments).await,
            None => play::all(&arguments).await,
        }
    };
    match run.await {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
