//! Sends a file as one of the sources would, signed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::outbound::{describe, http_client, read_body};
use lambda_runtime::Error;
use local::serving::{self, ServingRun};
use local::{events, files, sources};
use serde_json::Value;

use super::screen;

/// Seconds to wait for the outcome.
const WAIT_S: u32 = 20;
/// What to do if there is no run to send to.
const NOBODY_SERVES: &str = ". No relay of this workspace serves that now: `cargo local --serve` starts one, with \
                             `--sources FILE` for your own sources; `--url` sends to another relay";
/// Bytes of an answer that are shown.
const ANSWER_MAX_BYTES: usize = 4 * 1024 * 1024;

/// Sign a file as one of the sources and send it to a relay.
#[derive(Debug, Args)]
pub(crate) struct SendArguments {
    /// The source's name.
    #[arg(long)]
    source: String,
    /// The relay's address; without it, that of the local run that began to serve last and knows the source.
    #[arg(long)]
    url: Option<String>,
    /// The sources' configuration with its secrets; without it, that of the local run that is sent to.
    #[arg(long, value_name = "FILE")]
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
pub(crate) async fn send(
    arguments: &SendArguments,
    data: Option<&Path>,
    local_sources: &Path,
) -> Result<ExitCode, Error> {
    let run = run_for(arguments, data)?;
    let of_the_run = run.as_ref().map(|run| run.sources.as_path());
    let file = arguments.sources.as_deref().or(of_the_run).unwrap_or(local_sources);
    let configuration = configuration(arguments.sources.as_deref(), file)?;
    let source = sources::find(&configuration, &arguments.source).ok_or_else(|| {
        let names = sources::names(&configuration).join(", ");
        let hint = if arguments.sources.is_none() && run.is_none() { NOBODY_SERVES } else { "" };
        let file = screen::path(file);
        format!("there is no source `{}` in {file}; the sources are: {names}{hint}", arguments.source)
    })?;
    let now = Clock::system().now();
    let body = events::filled(&body_of(&read_file(&arguments.file)?), now);
    let signed = local::sign::sign(source, body.as_bytes(), now)?;
    let of_the_run = run.map(|run| format!("http://127.0.0.1:{}", run.port));
    // Without an address nothing is sent: another program may listen on the usual port, and a request may carry a key.
    let relay = arguments.url.clone().or(of_the_run).ok_or(NOBODY_SERVES.trim_start_matches(". "))?;
    let relay = relay.trim_end_matches('/');
    let token = signed.path_token.map(|token| format!("/{token}")).unwrap_or_default();
    let url = format!("{relay}/v1/hooks/{}{token}", arguments.source);
    let request = http_client()?.post(url).header("content-type", "application/json");
    // The outcome is what somebody who tries a webhook wants to see.
    let mut request = request.header("prefer", format!("wait={WAIT_S}")).body(body);
    for (name, value) in signed.headers {
        request = request.header(name, value);
    }
    let answer =
        request.send().await.map_err(|error| no_answer(relay, &describe(&error), error.is_connect()))?;
    let status = answer.status();
    let location = answer.headers().get("location").cloned();
    screen::line(status);
    if let Some(location) = location.as_ref().and_then(|location| location.to_str().ok()) {
        screen::line(format!("Location: {location}"));
    }
    screen::line(String::from_utf8_lossy(&read_body(answer, ANSWER_MAX_BYTES).await?));
    if status.is_success() {
        return Ok(ExitCode::SUCCESS);
    }
    screen::line(format!("This is the answer of {relay}."));
    Ok(ExitCode::FAILURE)
}

/// The run of this workspace that is meant: with this table, at this address, with these sources, and best with the
/// source that is named.
fn run_for(arguments: &SendArguments, data: Option<&Path>) -> Result<Option<ServingRun>, Error> {
    let data = data.map(std::path::absolute).transpose()?;
    let file = arguments.sources.as_deref().map(|file| std::path::absolute(files::find(file))).transpose()?;
    let port = arguments.url.as_deref().map(port_of);
    let fits = |run: &ServingRun| {
        data.as_ref().is_none_or(|data| run.data.as_ref() == Some(data))
            && port.is_none_or(|port| port == Some(run.port))
            && (port.is_some() || file.as_ref().is_none_or(|file| run.sources == *file))
    };
    let knows = |run: &ServingRun| {
        let configuration = sources::read(&run.sources).unwrap_or_default();
        sources::find(&configuration, &arguments.source).is_some()
    };
    let runs: Vec<_> = serving::runs().into_iter().filter(fits).collect();
    Ok(runs.iter().find(|run| knows(run)).or(runs.first()).cloned())
}

/// The port of a relay on this machine.
fn port_of(relay: &str) -> Option<u16> {
    let address = relay.strip_prefix("http://")?;
    let (host, port) = address.rsplit_once(':')?;
    ["127.0.0.1", "localhost"].contains(&host).then(|| port.parse().ok())?
}

fn no_answer(relay: &str, why: &str, nobody_listens: bool) -> String {
    let hint = if nobody_listens { "; `cargo local --serve` starts a relay" } else { "" };
    format!("{relay} does not answer: {why}{hint}")
}

/// A file of `events/` carries the body; any other file is the body.
pub(crate) fn body_of(text: &str) -> String {
    let event: Option<Value> = serde_json::from_str(text).ok();
    let event = event.filter(|event| event.get("requestContext").is_some());
    event.and_then(|event| event["body"].as_str().map(str::to_owned)).unwrap_or_else(|| text.to_owned())
}

/// The text of a file, which is looked for in the workspace too; an error names it.
pub(crate) fn read_file(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(files::find(file))
        .map_err(|error| format!("{} cannot be read: {error}", file.display()))
}

fn configuration(file: Option<&Path>, local_sources: &Path) -> Result<Value, Error> {
    match file {
        Some(file) => Ok(serde_json::from_str(&read_file(file)?)?),
        None => Ok(sources::read(local_sources)?),
    }
}
