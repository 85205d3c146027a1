//! The kinds of events, and what is mended in them before they are read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use serde_json::Value;

/// An event.
#[derive(Debug)]
pub(super) enum Event {
    /// `EventBridge` says that a minute has passed.
    Schedule,
    /// A request through API Gateway or a function URL.
    Http(Box<LambdaRequest>),
    /// The same, without its body, which is marked as base64 and is not.
    NotBase64(Box<LambdaRequest>),
}

/// An event of no known kind.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    /// It is neither from API Gateway nor from a schedule.
    #[error("an event of no known kind; it takes API Gateway, function URL and EventBridge schedule events")]
    Kind,
    /// It looks like an HTTP event and cannot be read as one.
    #[error("an HTTP event that cannot be read: {0}")]
    Http(#[from] serde_json::Error),
}

/// Reads an event.
pub(super) fn read(mut event: Value) -> Result<Event, Unknown> {
    if event.get("detail-type").and_then(Value::as_str) == Some("Scheduled Event") {
        return Ok(Event::Schedule);
    }
    if event.get("requestContext").is_none() {
        return Err(Unknown::Kind);
    }
    strip_stage(&mut event);
    let good = take_bad_base64(&mut event);
    let request = Box::new(serde_json::from_value(event)?);
    Ok(if good { Event::Http(request) } else { Event::NotBase64(request) })
}

/// A stage's name stands before the path in some events and not in others; the routes know none.
fn strip_stage(event: &mut Value) {
    let Some(stage) = event.pointer_mut("/requestContext/stage") else { return };
    let Some(name) = stage.as_str().map(|name| format!("/{name}")) else { return };
    *stage = "$default".into();
    if let Some(path) = event.get_mut("rawPath") {
        let stripped = path.as_str().and_then(|path| path.strip_prefix(&name));
        if let Some(stripped) = stripped.filter(|rest| rest.starts_with('/')).map(str::to_owned) {
            *path = stripped.into();
        }
    }
}

/// A body that is marked as base64 and is not would end the process when it is read; it is taken out.
/// Says whether the body was good.
fn take_bad_base64(event: &mut Value) -> bool {
    let marked = event.get("isBase64Encoded").and_then(Value::as_bool).unwrap_or(false);
    let body = event.get("body").and_then(Value::as_str).unwrap_or_default();
    if !marked || STANDARD.decode(body).is_ok() {
        return true;
    }
    event["body"] = Value::Null;
    event["isBase64Encoded"] = Value::Bool(false);
    false
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stage_before_the_path_is_taken_off_once() {
        let strip = |stage: &str, path: &str| {
            let mut event = json!({ "requestContext": { "stage": stage }, "rawPath": path });
            strip_stage(&mut event);
            event["rawPath"].as_str().unwrap().to_owned()
        };
        assert_eq!(strip("prod", "/prod/v1/budget"), "/v1/budget");
        assert_eq!(strip("v1", "/v1/v1/budget"), "/v1/budget");
        assert_eq!(strip("prod", "/production/v1"), "/production/v1");
        assert_eq!(strip("$default", "/v1/budget"), "/v1/budget");
    }

    #[test]
    fn an_event_of_no_known_kind_is_an_error() {
        assert!(matches!(read(json!({ "Records": [] })), Err(Unknown::Kind)));
    }
}
