//! Sends a file as one of the sources would, signed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::outbound::{describe, http_client, read_body};
use lambda_runtime::Error;
use local::{events, sources};
use serde_json::Value;

use super::screen;

/// Seconds to wait for the outcome.
const WAIT_S: u32 = 20;
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
    screen::line(events::ready(&arguments.file, &sources, Clock::system().now())?);
    Ok(ExitCode::SUCCESS)
}

/// Signs a file and sends it.
pub(crate) async fn send(arguments: &SendArguments, local_sources: &Path) -> Result<ExitCode, Error> {
    let configuration = configuration(arguments.sources.as_deref(), local_sources)?;
    let source = sources::find(&configuration, &arguments.source);
    let source = source.ok_or_else(|| {
        let names = sources::names(&configuration).join(", ");
        format!("there is no source `{}`; the sources are: {names}", arguments.source)
    })?;
    let now = Clock::system().now();
    let body = events::filled(&body_of(&read_file(&arguments.file)?), now);
    let signed = local::sign::sign(source, body.as_bytes(), now)?;
    let token = signed.path_token.map(|token| format!("/{token}")).unwrap_or_default();
    let url = format!("{}/v1/hooks/{}{token}", arguments.url.trim_end_matches('/'), arguments.source);
    let request = http_client()?.post(url).header("content-type", "application/json");
    // The outcome is what somebody who tries a webhook wants to see.
    let mut request = request.header("prefer", format!("wait={WAIT_S}")).body(body);
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    let answer = request.send().await.map_err(|error| describe(&error))?;
    let status = answer.status();
    let location = answer.headers().get("location").cloned();
    screen::line(status);
    if let Some(location) = location.as_ref().and_then(|location| location.to_str().ok()) {
        screen::line(format!("Location: {location}"));
    }
    screen::line(String::from_utf8_lossy(&read_body(answer, ANSWER_MAX_BYTES).await?));
    Ok(if status.is_success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A file of `events/` carries the body; any other file is the body.
pub(crate) fn body_of(text: &str) -> String {
    let event: Option<Value> = serde_json::from_str(text).ok();
    let event = event.filter(|event| event.get("requestContext").is_some());
    event.and_then(|event| event["body"].as_str().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
}

/// The text of a file; an error names it.
pub(crate) fn read_file(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

fn configuration(file: Option<&Path>, local_sources: &Path) -> Result<Value, Error> {
    match file {
        Some(file) => Ok(serde_json::from_str(&read_file(file)?)?),
        None => Ok(sources::kept(local_sources)?),
    }
}
