//! The command line of `cargo local`.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use local::credential::LocalCredential;
use local::files;
use simulator::dynamodb::Storage;
use tracing::Level;

use super::check::{CheckArguments, TryArguments};
use super::send::{SendArguments, SignArguments};

/// The file that a run with the real Defender keeps the table in, unless another one is given.
const USUAL_DATA: &str = "relay.db";

/// The relay on this machine: embedded DynamoDB, a simulator of Defender and Entra, the relay's real handler.
///
/// Without options it plays the files of events/ on a table in memory and shows what each did. With `TENANT_ID`,
/// `CLIENT_ID`, `CLIENT_SECRET` and `SOURCES` or `SOURCES_FILE` in the environment it serves and talks to the real Defender.
#[derive(Debug, Parser)]
#[command(name = "cargo local", version)]
pub(crate) struct LocalArguments {
    /// Stay up and serve on 127.0.0.1 until Ctrl-C.
    #[arg(long)]
    pub(crate) serve: bool,
    /// The relay's port with --serve; without it 8080, or a free one if that is taken.
    #[arg(long)]
    pub(crate) port: Option<u16>,
    /// The simulator's port with --serve; without it 8081, or a free one if that is taken.
    #[arg(long)]
    pub(crate) simulator_port: Option<u16>,
    /// The embedded DynamoDB's port with --serve; without it 8000, or a free one if that is taken.
    #[arg(long)]
    pub(crate) dynamodb_port: Option<u16>,
    /// The app's credential in the simulated Entra with --serve; without it, a plain secret.
    #[arg(long = "proof")]
    pub(crate) credential: Option<LocalCredential>,
    /// The configuration of sources with --serve; without it, one source for each kind of sender.
    #[arg(long, value_name = "FILE", requires = "serve")]
    pub(crate) sources: Option<PathBuf>,
    /// The file that the table is kept in; without it, memory (with the real Defender, .local/relay.db). The keys of the
    /// sources, the simulated machines and the environment for sam local are kept beside it, or in .local.
    #[arg(long, value_name = "FILE", global = true)]
    pub(crate) data: Option<PathBuf>,
    /// Log lines of this level and above go to standard output, as JSON. Lines that can count a metric, such as one for
    /// each request, are written at every level but off.
    #[arg(long, value_enum, default_value_t = LogLevel::Off)]
    pub(crate) log: LogLevel,
    #[command(subcommand)]
    pub(crate) command: Option<LocalCommand>,
}

/// What is logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogLevel {
    Off,
    Error,
    Warn,
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    /// The level, or nothing if nothing is logged.
    pub(crate) const fn level(self) -> Option<Level> {
        match self {
            Self::Off => None,
            Self::Error => Some(Level::ERROR),
            Self::Warn => Some(Level::WARN),
            Self::Info => Some(Level::INFO),
            Self::Debug => Some(Level::DEBUG),
            Self::Trace => Some(Level::TRACE),
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum LocalCommand {
    /// Sign a file as one of the sources and send it to a relay.
    Send(SendArguments),
    /// Show an event of events/hooks/, filled in and signed as its source would sign it now.
    Sign(SignArguments),
    /// Check a configuration of sources: all its faults, or the address of each source.
    Check(CheckArguments),
    /// Show what a source's webhook would do, without a server: verified, read, allowed.
    Try(TryArguments),
}

impl LocalArguments {
    /// Where the table of a run with the simulator is kept.
    pub(crate) fn storage(&self) -> Storage {
        self.data.clone().map_or(Storage::Memory, Storage::File)
    }

    /// The file with the tags of the simulated machines, if the table is kept in a file.
    pub(crate) fn machines_file(&self) -> Option<PathBuf> {
        self.data.as_ref().map(|data| data.with_file_name("simulated-machines.json"))
    }

    /// An option that has no effect without --serve, if there is one.
    pub(crate) fn needs_serve(&self) -> Option<&'static str> {
        let given = [
            ("--port", self.port.is_some()),
            ("--simulator-port", self.simulator_port.is_some()),
            ("--dynamodb-port", self.dynamodb_port.is_some()),
            ("--proof", self.credential.is_some()),
        ];
        given.into_iter().find_map(|(name, is_given)| is_given.then_some(name))
    }

    /// The file that a run with the real Defender keeps the table in.
    pub(crate) fn data_file(&self) -> PathBuf {
        self.data.clone().unwrap_or_else(|| files::folder().join(USUAL_DATA))
    }

    /// The file with the sources of the local run. The name is one that nobody gives a file of their own.
    pub(crate) fn sources_file(&self) -> PathBuf {
        self.data_file().with_file_name("sample-sources.json")
    }

    /// The file with the environment of `sam local`, for the function of `template.yaml`.
    pub(crate) fn sam_environment_file(&self) -> PathBuf {
        self.data_file().with_file_name("sam-env.json")
    }
}
