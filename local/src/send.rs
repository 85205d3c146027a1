//! Sends a file as one of the sources would, signed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::outbound::{describe, http_client, read_body};
use local::{events, sign, sources};
use serde_json::Value;

use super::{Command, LocalArguments};

/// Bytes of an answer that are shown.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Sign a file as one of the sources and send it to a relay.
#[derive(Debug, Args)]
pub(crate) struct Send {
    /// The source's name.
    #[arg(long)]
    source: String,
    /// The relay's address.
    #[arg(long, default_value = "http://127.0.0.1:8080")]
    url: String,
    /// The sources' configuration with its secrets; that of the local run if not given.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// The body, or a file of events/hooks/. `{{now}}` and `{{id}}` in it are filled in.
    file: PathBuf,
}

/// Show an event of events/hooks/, filled in and signed as its source would sign it now.
#[derive(Debug, Args)]
pub(crate) struct Sign {
    /// The sources' configuration with its secrets; that of the local run if not given.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// The file's name in events/, such as hooks/pagerduty.json.
    file: String,
}

/// Runs the command.
pub(crate) async fn run(arguments: &LocalArguments) -> Result<ExitCode, lambda_runtime::Error> {
    match &arguments.command {
        Some(Command::Send(send)) => send_file(arguments, send).await,
        Some(Command::Sign(sign)) => {
            let sources = configuration(arguments, sign.sources.as_ref())?.to_string();
            println!("{}", events::ready(&sign.file, &sources, Clock::system().now())?);
            Ok(ExitCode::SUCCESS)
        }
        None => Ok(ExitCode::FAILURE),
    }
}

async fn send_file(arguments: &LocalArguments, send: &Send) -> Result<ExitCode, lambda_runtime::Error> {
    let configuration = configuration(arguments, send.sources.as_ref())?;
    let source = sources::find(&configuration, &send.source);
    let source = source.ok_or_else(|| format!("there is no source `{}`", send.source))?;
    let now = Clock::system().now();
    let body = events::filled(&body_of(&std::fs::read_to_string(&send.file)?), now);
    let signed = sign::sign(source, body.as_bytes(), now)?;
    let token = signed.path_token.map(|token| format!("/{token}")).unwrap_or_default();
    let url = format!("{}/v1/hooks/{}{token}", send.url.trim_end_matches('/'), send.source);
    let mut request = http_client()?.post(url).header("content-type", "application/json").body(body);
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|error| describe(&error))?;
    let status = answer.status();
    let location = answer.headers().get("location").cloned();
    println!("{status}");
    if let Some(location) = location.as_ref().and_then(|location| location.to_str().ok()) {
        println!("Location: {location}");
    }
    println!("{}", String::from_utf8_lossy(&read_body(answer, ANSWER_MAX_BYTES).await?));
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file of `events/` carries the body; any other file is the body.
fn body_of(text: &str) -> String {
    let event: Option<Value> = serde_json::from_str(text).ok();
    let event = event.filter(|event| event.get("requestContext").is_some());
    event.and_then(|event| event["body"].as_str().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
}

fn configuration(arguments: &LocalArguments, file: Option<&PathBuf>) -> Result<Value, lambda_runtime::Error> {
    match file {
        Some(file) => Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?),
        None => Ok(sources::kept(&arguments.sources())?),
    }
}
