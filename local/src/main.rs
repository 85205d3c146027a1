//! The relay on this machine, on one command: plays the files of `events/`, stays up with `--serve`, or sends a file
//! as one of the sources would.

mod arguments;
mod play;
mod send;
mod serve;

use std::process::ExitCode;

use arguments::{LocalArguments, LocalCommand};
use clap::Parser;
use defender_tag_relay::logging;
use lambda_runtime::Error;

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = LocalArguments::parse();
    if let Ok(level) = arguments.log.parse() {
        logging::to_stdout(level, "local");
    }
    run(&arguments).await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn run(arguments: &LocalArguments) -> Result<ExitCode, Error> {
    match &arguments.command {
        Some(LocalCommand::Send(send)) => return send::send(send, &arguments.sources()).await,
        Some(LocalCommand::Sign(sign)) => return send::sign(sign, &arguments.sources()),
        None => {}
    }
    match serve::real_variables() {
        Some(variables) => serve::real(arguments, variables).await,
        None if arguments.serve => serve::simulated(arguments).await,
        None => play::all(arguments).await,
    }
}
