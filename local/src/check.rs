//! Checks a configuration of sources: `cargo local check` names its faults, `cargo local try` shows what one body would
//! do. Neither starts a server.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use clap::Args;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::duplicate_key;
use defender_tag_relay::inbound::{FoundAt, Source, Sources, Unverified, Verified, allow_all, explain, read};
use lambda_runtime::Error;
use local::curl::{curl, route, shell_quote};
use local::serving::{self, USUAL_PORT};
use local::sign::{Signed, sign};
use local::{events, files, sources};
use serde_json::Value;

use super::screen::{self, Marks};
use super::send::{body_of, read_file};

/// Machines a request may name, as `MACHINES_PER_REQUEST` is unless it is set.
const MACHINES_PER_REQUEST: u32 = 10_000;
/// Machines that are shown one by one.
const MACHINES_SHOWN: usize = 8;

/// Check a configuration of sources: all its faults, or the address of each source.
#[derive(Debug, Args)]
pub(crate) struct CheckArguments {
    /// The file with the configuration.
    file: PathBuf,
}

/// Show what a source's webhook would do, without a server: verified, read, allowed.
#[derive(Debug, Args)]
pub(crate) struct TryArguments {
    /// The file with the configuration.
    #[arg(long)]
    sources: PathBuf,
    /// The source's name.
    #[arg(long)]
    source: String,
    /// The body, or a file of events/hooks/. `{{now}}` and `{{id}}` in it are filled in.
    body: PathBuf,
}

/// A configuration of sources, as the relay reads it and as the signer does.
struct Configuration {
    sources: Sources,
    json: Value,
}

/// Names the faults of a configuration, or how each of its sources is called.
pub(crate) fn check(arguments: &CheckArguments) -> Result<ExitCode, Error> {
    let Some(configuration) = load(&arguments.file)? else { return Ok(ExitCode::FAILURE) };
    let file = std::path::absolute(files::find(&arguments.file))?;
    let runs = serving::runs();
    let run = runs.iter().find(|run| run.sources == file);
    let port = run.map_or(USUAL_PORT, |run| run.port);
    for source in configuration.sources.iter() {
        screen::line(format!("{} {}", Marks::of_terminal().of(true), source.name));
        screen::line(how_to_call(source, &configuration.json, &files::find(&arguments.file), port));
    }
    if run.is_none() {
        let file = shell_quote(&arguments.file.to_string_lossy());
        screen::line(format!("No relay serves this file now: cargo local --serve --sources {file}"));
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows each stage that a body goes through.
pub(crate) fn try_body(arguments: &TryArguments) -> Result<ExitCode, Error> {
    let Some(configuration) = load(&arguments.sources)? else { return Ok(ExitCode::FAILURE) };
    let found = configuration.sources.find(&arguments.source);
    let source = found.ok_or_else(|| no_such_source(&configuration.json, &arguments.source))?;
    let now = Clock::system().now();
    let body = events::filled(&body_of(&read_file(&arguments.body)?), now);
    let json = sources::find(&configuration.json, &arguments.source).unwrap_or(&Value::Null);
    let signed = sign(json, body.as_bytes(), now)?;
    let unverified = Unverified::new(headers(&signed)?, Bytes::from(body)).with_path_token(signed.path_token);
    let verified = match Verified::by_scheme(&unverified, source, now) {
        Ok(verified) => stage("verified", verified, "as this source would sign it"),
        Err(error) => return Ok(failed("verified", &error.to_string())),
    };
    let contents = match read(&verified, MACHINES_PER_REQUEST, now) {
        Ok(contents) => contents,
        Err(error) => return Ok(failed("read", &error.to_string())),
    };
    if let Some(ignored) = contents.ignored {
        screen::line(format!("{} ignored   {ignored}", Marks::of_terminal().of(true)));
        return Ok(ExitCode::SUCCESS);
    }
    for change in &contents.asked {
        let machines = screen::count(change.machines.len(), "machine");
        let shown: Vec<_> = change.machines.iter().take(MACHINES_SHOWN).map(ToString::to_string).collect();
        let more = if change.machines.len() > MACHINES_SHOWN { " …" } else { "" };
        let change = format!("{} {} on {machines}:", change.action.as_str(), change.tag.as_str());
        stage("read", (), &format!("{change} {}{more}", shown.join(" ")));
    }
    if let Some(found) = explain(&verified)? {
        show_places(&found);
    }
    match allow_all(&verified, contents.asked) {
        Ok(allowed) => stage("allowed", (), &screen::count(allowed.len(), "request")),
        Err(error) => return Ok(failed("allowed", &error.to_string())),
    }
    Ok(ExitCode::SUCCESS)
}

/// Shows where the machines, the tag and the action were found.
fn show_places(found: &FoundAt) {
    let places = [
        ("machines", &found.machines, ""),
        ("tag", &found.tag, "the configuration"),
        ("state", &found.state, ""),
        ("event id", &found.event_id, ""),
        ("action", &found.action, if found.state.is_empty() { "the configuration" } else { "the state" }),
    ];
    for (what, paths, otherwise) in places {
        if paths.is_empty() && otherwise.is_empty() {
            continue;
        }
        let paths: Vec<_> = paths.iter().map(String::as_str).collect();
        let place = if paths.is_empty() { otherwise.to_owned() } else { paths.join(", ") };
        screen::line(format!("    {what:<9} from {place}"));
    }
    if found.lacks_event_id {
        screen::line("    event id  not found, so a repeat of this event is not recognised by it");
    }
}

/// The configuration, or nothing after its faults are printed.
fn load(file: &Path) -> Result<Option<Configuration>, Error> {
    let text = read_file(file)?;
    let mark = Marks::of_terminal().of(false);
    if let Some(fault) = duplicate_key(&text) {
        screen::line(format!("{mark} {fault}"));
        return Ok(None);
    }
    match Sources::parse(&text) {
        Ok(sources) => Ok(Some(Configuration { sources, json: serde_json::from_str(&text)? })),
        Err(error) => {
            error.faults().iter().for_each(|fault| screen::line(format!("{mark} {fault}")));
            Ok(None)
        }
    }
}

/// The address of a source, and the commands that call it.
fn how_to_call(source: &Source, json: &Value, file: &Path, port: u16) -> String {
    let name = &source.name;
    let configured = sources::find(json, name.as_str()).unwrap_or(&Value::Null);
    let token = if configured["verify"]["scheme"] == "path_token" { "/<its token>" } else { "" };
    let mut lines = vec![format!("POST {}", route(configured, token))];
    lines.extend(curl(configured, file, port));
    if configured.get("read").is_some() {
        let file = shell_quote(&file.to_string_lossy());
        lines.push(format!("cargo local try --sources {file} --source {name} body.json"));
    }
    format!("  {}", lines.join("\n  "))
}

fn no_such_source(configuration: &Value, name: &str) -> String {
    format!("there is no source `{name}`; the sources are: {}", sources::names(configuration).join(", "))
}

fn headers(signed: &Signed) -> Result<HeaderMap, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in &signed.headers {
        headers.append(name.parse::<HeaderName>()?, HeaderValue::from_str(value)?);
    }
    Ok(headers)
}

fn stage<T>(name: &str, value: T, what: &str) -> T {
    screen::line(format!("{} {name:<9} {what}", Marks::of_terminal().of(true)));
    value
}

fn failed(name: &str, why: &str) -> ExitCode {
    screen::line(format!("{} {name:<9} {why}", Marks::of_terminal().of(false)));
    ExitCode::FAILURE
}
