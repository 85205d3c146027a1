//! The kinds of events, and what is repaired in them before they are read.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use lambda_http::request::LambdaRequest;
use serde_json::Value;

/// What every route begins with.
const ROUTES: &str = "/v1/";
/// Bytes a path may have: more than any API passes on, and fewer than what cannot be read any more.
const PATH_MAX_BYTES: usize = 16 * 1024;
/// Fields of the query. No route has one.
const QUERY_FIELDS: [&str; 3] =
    ["rawQueryString", "queryStringParameters", "multiValueQueryStringParameters"];
/// Fields of headers.
const HEADER_FIELDS: [&str; 2] = ["headers", "multiValueHeaders"];
/// Headers that say at which address a request came. Nothing goes by them.
const ADDRESS_HEADERS: [&str; 2] = ["host", "x-forwarded-proto"];

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
    drop_unused(&mut event);
    drop_single_headers(&mut event);
    cut_path(&mut event);
    let good = take_bad_base64(&mut event);
    let request = Box::new(serde_json::from_value(event)?);
    Ok(if good { Event::Http(request) } else { Event::NotBase64(request) })
}

/// Drops what no route looks at, and what the reader of events makes an address of: an odd one would end the process.
fn drop_unused(event: &mut Value) {
    for field in QUERY_FIELDS {
        remove(event, field);
    }
    for headers in HEADER_FIELDS {
        if let Some(headers) = event.get_mut(headers).and_then(Value::as_object_mut) {
            headers.retain(|name, _| !ADDRESS_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known)));
        }
    }
    if let Some(context) = event.get_mut("requestContext") {
        remove(context, "domainName");
    }
}

fn remove(object: &mut Value, field: &str) {
    object.as_object_mut().map(|object| object.remove(field));
}

/// Where an event has its headers twice, only the lists show one that came twice.
fn drop_single_headers(event: &mut Value) {
    let lists = event.get("multiValueHeaders").and_then(Value::as_object);
    if lists.is_some_and(|lists| !lists.is_empty()) {
        remove(event, "headers");
    }
}

/// Leaves of a path what the routes know. The name of a stage, the base path of an own domain or both may stand before
/// it; they say which way the request came and nothing of what it may do.
fn cut_path(event: &mut Value) {
    let stage = event.pointer("/requestContext/stage").and_then(Value::as_str).unwrap_or_default().to_owned();
    for field in ["rawPath", "path"] {
        if let Some(path) = event.get(field).and_then(Value::as_str) {
            event[field] = route(path, &stage).into();
        }
    }
    if let Some(stage) = event.pointer_mut("/requestContext/stage") {
        *stage = "$default".into();
    }
}

fn route(path: &str, stage: &str) -> String {
    let is_route = |path: &&str| path.starts_with(ROUTES);
    let staged = path.strip_prefix('/').and_then(|path| path.strip_prefix(stage)).filter(is_route);
    let based = || path.find(ROUTES).and_then(|at| path.get(at..));
    let path = staged.or_else(|| Some(path).filter(is_route)).or_else(based).unwrap_or(path);
    if path.starts_with('/') && path.len() <= PATH_MAX_BYTES { path.to_owned() } else { "/".to_owned() }
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
    fn what_stands_before_the_route_is_cut_off() {
        for (stage, path, cut) in [
            ("prod", "/prod/v1/budget", "/v1/budget"),
            ("prod", "/v1/budget", "/v1/budget"),
            ("v1", "/v1/v1/budget", "/v1/budget"),
            ("v1", "/v1/budget", "/v1/budget"),
            ("v1", "/relay/v1/budget", "/v1/budget"),
            ("prod", "/prod/relay/v1/budget", "/v1/budget"),
            ("$default", "/a/b/v1/budget", "/v1/budget"),
            ("$default", "/v1/hooks/a/v1/budget", "/v1/hooks/a/v1/budget"),
            ("", "/v1/budget", "/v1/budget"),
            ("prod", "/production/v1", "/production/v1"),
            ("prod", "elsewhere:1/", "/"),
        ] {
            assert_eq!(route(path, stage), cut, "{stage} {path}");
        }
        assert_eq!(route(&format!("/v1/{}", "x".repeat(PATH_MAX_BYTES)), ""), "/");
    }

    #[test]
    fn an_event_of_no_known_kind_is_an_error() {
        assert!(matches!(read(json!({ "Records": [] })), Err(Unknown::Kind)));
    }
}
