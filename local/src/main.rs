//! The relay on this machine, on one command: plays the files of `events/`, stays up with `--serve`, or sends a file
//! as one of the sources would.

mod arguments;
mod check;
mod live;
mod play;
mod real;
mod screen;
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
    match arguments.log.level() {
        Some(level) => logging::to_stdout(level, "local"),
        None if arguments.serve => live::show(),
        None => {}
    }
    run(&arguments).await.unwrap_or_else(|error| {
        eprintln!("{error}");
        ExitCode::FAILURE
    })
}

async fn run(arguments: &LocalArguments) -> Result<ExitCode, Error> {
    match &arguments.command {
        Some(LocalCommand::Send(send)) => {
            return send::send(send, arguments.data.as_deref(), &arguments.sources_file()).await;
        }
        Some(LocalCommand::Sign(sign)) => return send::sign(sign, &arguments.sources_file()),
        Some(LocalCommand::Check(check)) => return check::check(check),
        Some(LocalCommand::Try(body)) => return check::try_body(body),
        None => {}
    }
    match real::variables()? {
        Some(variables) => serve::real(arguments, variables).await,
        None if arguments.serve => serve::simulated(arguments).await,
        None => play::all(arguments).await,
    }
}
