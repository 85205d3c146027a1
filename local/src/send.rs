//! Sends a file as one of the sources would, signed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::outbound::{describe, http_client, read_body};
use lambda_runtime::Error;
use local::{events, sources};
use serde_json::Value;

/// Bytes of an answer that are shown.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Sign a file as one of the sources and send it to a relay.
#[derive(Debug, Args)]
pub(crate) struct SendArguments {
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
pub(crate) struct SignArguments {
    /// The sources' configuration with its secrets; that of the local run if not given.
    #[arg(long)]
    sources: Option<PathBuf>,
    /// The file's name in events/, such as hooks/pagerduty.json.
    file: String,
}

/// Shows an event, filled in and signed.
pub(crate) fn sign(arguments: &SignArguments, local_sources: &Path) -> Result<ExitCode, Error> {
    let sources = configuration(arguments.sources.as_deref(), local_sources)?.to_string();
    println!("{}", events::ready(&arguments.file, &sources, Clock::system().now())?);
    Ok(ExitCode::SUCCESS)
}

/// Signs a file and sends it.
pub(crate) async fn send(arguments: &SendArguments, local_sources: &Path) -> Result<ExitCode, Error> {
    let configuration = configuration(arguments.sources.as_deref(), local_sources)?;
    let source = sources::find(&configuration, &arguments.source);
    let source = source.ok_or_else(|| format!("there is no source `{}`", arguments.source))?;
    let now = Clock::system().now();
    let body = events::filled(&body_of(&std::fs::read_to_string(&arguments.file)?), now);
    let signed = local::sign::sign(source, body.as_bytes(), now)?;
    let token = signed.path_token.map(|token| format!("/{token}")).unwrap_or_default();
    let url = format!("{}/v1/hooks/{}{token}", arguments.url.trim_end_matches('/'), arguments.source);
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

fn configuration(file: Option<&Path>, local_sources: &Path) -> Result<Value, Error> {
    match file {
        Some(file) => Ok(serde_json::from_str(&std::fs::read_to_string(file)?)?),
        None => Ok(sources::kept(local_sources)?),
    }
}
