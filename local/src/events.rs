//! The files of `events/`: reading them and playing them through the relay's real handler.

use std::path::PathBuf;

use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::http::App;
use defender_tag_relay::lambda::Handler;
use lambda_runtime::{Context, Error, LambdaEvent};
use serde_json::Value;

use crate::{files, sign, sources};

/// Milliseconds an event may take, as in `template.yaml`.
const TIMEOUT_MS: i64 = 60_000;

/// A file of `events/` and what `events/README.md` says about it.
#[derive(Clone, Debug)]
pub struct Described {
    /// The file's name.
    pub file: String,
    /// What the event is.
    pub what: String,
    /// The status to expect; `None` if the answer has no status.
    pub status: Option<u16>,
    /// What the answer's body must contain, without spaces.
    pub in_body: Vec<String>,
}

/// The folder `events/`.
pub fn folder() -> PathBuf {
    files::workspace().join("events")
}

/// The rows of `events/README.md`, in its order.
pub fn described() -> std::io::Result<Vec<Described>> {
    let text = std::fs::read_to_string(folder().join("README.md"))?;
    Ok(text.lines().filter(|line| line.starts_with("| `")).filter_map(parse_row).collect())
}

fn parse_row(line: &str) -> Option<Described> {
    let cells: Vec<_> = line.trim_matches('|').split('|').map(str::trim).collect();
    let &[file, what, status, in_body] = cells.as_slice() else { return None };
    let in_body = in_body.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    Some(Described {
        file: file.trim_matches('`').to_owned(),
        what: what.to_owned(),
        status: status.parse().ok(),
        in_body,
    })
}

/// The event of a file.
pub fn load(file: &str) -> std::io::Result<Value> {
    let text = std::fs::read_to_string(folder().join(file))?;
    serde_json::from_str(&text).map_err(std::io::Error::other)
}

/// The event of a file, ready to be played. A webhook is filled in and signed as its source would sign it now.
pub fn ready(file: &str, sources: &str, now: Timestamp) -> std::io::Result<Value> {
    let event = load(file)?;
    let Some(name) = hook_source(&event).map(str::to_owned) else { return Ok(event) };
    let configuration: Value = serde_json::from_str(sources).map_err(std::io::Error::other)?;
    let source = sources::find(&configuration, &name);
    let source =
        source.ok_or_else(|| std::io::Error::other(format!("{file}: there is no source `{name}`")))?;
    let body = filled(event["body"].as_str().unwrap_or_default(), now);
    signed(event, source, &body, now).map_err(std::io::Error::other)
}

/// The event with this body, signed as this source.
pub fn signed(mut event: Value, source: &Value, body: &str, now: Timestamp) -> Result<Value, String> {
    let added = sign::sign(source, body.as_bytes(), now)?;
    event["body"] = body.into();
    for (name, value) in added.headers {
        event["headers"][name] = value.into();
    }
    if let Some(token) = added.path_token {
        let path = format!("{}/{token}", event["rawPath"].as_str().unwrap_or_default());
        event["rawPath"] = path.as_str().into();
        event["requestContext"]["http"]["path"] = path.into();
    }
    Ok(event)
}

/// The source that a webhook's event is for.
fn hook_source(event: &Value) -> Option<&str> {
    event["rawPath"].as_str()?.strip_prefix("/v1/hooks/")
}

/// A body in which the time and a new id are filled in.
pub fn filled(body: &str, now: Timestamp) -> String {
    body.replace("{{now}}", &now.to_string()).replace("{{id}}", &uuid::Uuid::new_v4().to_string())
}

/// What the handler answers to an event.
pub async fn play(app: &App, event: Value) -> Result<Value, Error> {
    let mut context = Context::default();
    context.request_id = uuid::Uuid::new_v4().to_string();
    let ends_at = app.clock().now().plus_ms(TIMEOUT_MS);
    context.deadline = ends_at.ms().unsigned_abs();
    Handler::new(app.clone()).handle(LambdaEvent::new(event, context)).await
}
