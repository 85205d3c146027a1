//! The command line of `cargo local`.

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use local::credential::LocalCredential;

use super::send::{SendArguments, SignArguments};

/// The relay on this machine: embedded DynamoDB, a simulator of Defender and Entra, the relay's real handler.
///
/// Without options it plays the files of events/ and shows what each did. With `TENANT_ID`, `CLIENT_ID`,
/// `CLIENT_SECRET` and a `SOURCES` variable in the environment it serves and talks to the real Defender.
#[derive(Debug, Parser)]
#[command(name = "cargo local", version)]
pub(crate) struct LocalArguments {
    /// Stay up and serve on 127.0.0.1 until Ctrl-C.
    #[arg(long)]
    pub(crate) serve: bool,
    /// The relay's port with --serve.
    #[arg(long, default_value_t = 8080)]
    pub(crate) port: u16,
    /// The simulator's port with --serve.
    #[arg(long, default_value_t = 8081)]
    pub(crate) simulator_port: u16,
    /// The embedded DynamoDB's port with --serve.
    #[arg(long, default_value_t = 8000)]
    pub(crate) dynamodb_port: u16,
    /// The app's credential in the simulated Entra with --serve; without it, a plain secret.
    #[arg(long = "proof")]
    pub(crate) credential: Option<LocalCredential>,
    /// The file the table is kept in.
    #[arg(long, default_value = ".local/relay.db")]
    pub(crate) data: PathBuf,
    /// Log lines of this level and above go to standard output.
    #[arg(long, default_value = "off")]
    pub(crate) log: String,
    #[command(subcommand)]
    pub(crate) command: Option<LocalCommand>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Sign a file as one of the sources and send it to a relay.
    Send(SendArguments),
    /// Show an event of events/hooks/, filled in and signed as its source would sign it now.
    Sign(SignArguments),
}

impl LocalArguments {
    /// The file with the sources of the local run.
    pub(crate) fn sources(&self) -> PathBuf {
        self.data.with_file_name("sources.json")
    }
}
