//! Checks every answer against the published description of the HTTP interface.
//!
//! Invariant: an answer is as `docs/openapi.json` says of its route, method and status, and so is a request that was
//! accepted; no header is sent that is not described.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex};

use defender_tag_relay::http::App;
use jsonschema::Validator;
use lambda_runtime::Error;
use local::events;
use serde_json::{Map, Value, json};

use super::schema::repository;

/// Headers that every answer with a body has; the document describes them by the body.
const OF_EVERY_BODY: [&str; 2] = ["content-length", "content-type"];

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(&repository("docs/openapi.json")).unwrap());

/// The document.
pub fn document() -> &'static Value {
    &DOCUMENT
}

/// Plays an event through the handler and checks the answer against the document.
pub async fn play(app: &App, event: Value) -> Result<Value, Error> {
    let answer = events::play(app, event.clone()).await?;
    hold(&event, &answer);
    Ok(answer)
}

/// Fails the test if the answer is not as the document says.
pub fn hold(event: &Value, answer: &Value) {
    let is_http = event.get("requestContext").is_some();
    let faults = if is_http { faults_of(event, answer) } else { Vec::new() };
    assert!(faults.is_empty(), "docs/openapi.json says otherwise: {faults:#?}\n{answer}");
}

/// The differences between the answer to an event and the document.
pub fn faults_of(event: &Value, answer: &Value) -> Vec<String> {
    let (method, path) = target(event);
    let status = answer["statusCode"].to_string();
    let operation = operation(&method, &path);
    let response = match &operation {
        Some(operation) => operation["responses"].get(&status),
        None => of_no_operation(&path, &status),
    };
    let Some(response) = response.map(resolved) else {
        return vec![format!("{method} {path} is not answered {status}")];
    };
    let mut faults = faults_of_headers(&response["headers"], &headers_of(answer));
    let body = serde_json::from_str(answer["body"].as_str().unwrap_or_default()).unwrap_or_default();
    faults.extend(faults_of_body(&response["content"], &headers_of(answer), &body));
    // A rejected webhook that is acknowledged may have any body.
    if status.starts_with('2') && body.get("problem").is_none() {
        faults.extend(operation.map(|operation| faults_of_request(operation, event)).unwrap_or_default());
    }
    faults
}

/// The faults that one of the document's schemas finds in a value.
pub fn faults(schema: &Value, value: &Value) -> Vec<String> {
    static KNOWN: Mutex<BTreeMap<String, Arc<Validator>>> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let validator = Arc::clone(known.entry(schema.to_string()).or_insert_with(|| validator(schema).into()));
    drop(known);
    validator.iter_errors(value).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// What a `$ref` stands for.
pub fn resolved(value: &'static Value) -> &'static Value {
    let Some(target) = value["$ref"].as_str() else { return value };
    DOCUMENT.pointer(target.trim_start_matches('#')).expect(target)
}

/// The document's schemas refer to each other from the document's root.
fn validator(schema: &Value) -> Validator {
    let with_all = json!({ "components": DOCUMENT["components"], "allOf": [schema] });
    jsonschema::options().should_validate_formats(true).build(&with_all).unwrap()
}

/// The method and the path without what stands before the route, of whichever kind of event.
fn target(event: &Value) -> (String, String) {
    let context = &event["requestContext"];
    let text = |one: &Value, other: &Value| one.as_str().or(other.as_str()).unwrap_or_default().to_owned();
    let method = text(&context["http"]["method"], &event["httpMethod"]);
    let path = text(&event["rawPath"], &event["path"]);
    let stage = format!("/{}", context["stage"].as_str().unwrap_or_default());
    let staged = path.strip_prefix(&stage).filter(|rest| rest.starts_with("/v1/"));
    let based = || path.find("/v1/").map(|at| &path[at..]);
    (method, staged.or_else(based).unwrap_or(&path).to_owned())
}

fn operation(method: &str, path: &str) -> Option<&'static Value> {
    methods_of(path)?.get(&method.to_lowercase())
}

fn methods_of(path: &str) -> Option<&'static Map<String, Value>> {
    let is_it = |pattern: &str| {
        let (wanted, found): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
        let fits = |(wanted, found): (&&str, &&str)| {
            wanted == found || (wanted.starts_with('{') && !found.is_empty())
        };
        wanted.len() == found.len() && wanted.iter().zip(&found).all(fits)
    };
    let paths = DOCUMENT["paths"].as_object().unwrap();
    paths.iter().find(|(pattern, _)| is_it(pattern)).map(|(_, methods)| methods.as_object().unwrap())
}

/// The answer where the document has no such address or method.
fn of_no_operation(path: &str, status: &str) -> Option<&'static Value> {
    let (name, its) =
        if methods_of(path).is_some() { ("MethodNotAllowed", "405") } else { ("NotFound", "404") };
    (status == its).then(|| &DOCUMENT["components"]["responses"][name])
}

fn headers_of(answer: &Value) -> BTreeMap<String, String> {
    let several = answer["multiValueHeaders"].as_object().into_iter().flatten();
    let several = several.map(|(name, values)| (name.to_lowercase(), values[0].as_str().unwrap().to_owned()));
    let single = answer["headers"].as_object().into_iter().flatten();
    several.chain(single.map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))).collect()
}

fn faults_of_headers(described: &'static Value, sent: &BTreeMap<String, String>) -> Vec<String> {
    let described: BTreeMap<String, &'static Value> = described
        .as_object()
        .into_iter()
        .flatten()
        .map(|(name, it)| (name.to_lowercase(), resolved(it)))
        .collect();
    let needless = sent.keys().filter(|name| !OF_EVERY_BODY.contains(&name.as_str()));
    let needless = needless.filter(|name| !described.contains_key(*name));
    let mut faults: Vec<_> = needless.map(|name| format!("the header {name} is not described")).collect();
    for (name, header) in described {
        match sent.get(&name) {
            Some(text) => faults.extend(faults_of_header(&name, &header["schema"], text)),
            None if header["required"] == true => faults.push(format!("the header {name} is missing")),
            None => {}
        }
    }
    faults
}

fn faults_of_header(name: &str, schema: &Value, text: &str) -> Vec<String> {
    let number = (schema["type"] == "integer").then(|| text.parse::<u64>().ok()).flatten();
    let value = number.map_or_else(|| text.into(), Value::from);
    faults(schema, &value).into_iter().map(|fault| format!("the header {name}{fault}")).collect()
}

fn faults_of_body(content: &Value, headers: &BTreeMap<String, String>, body: &Value) -> Vec<String> {
    let sent = headers.get("content-type").map(String::as_str).unwrap_or_default();
    match content.get(sent) {
        Some(media) => faults(&media["schema"], body),
        None => vec![format!("the content type `{sent}` is not described")],
    }
}

/// What was accepted must have been allowed.
fn faults_of_request(operation: &'static Value, event: &Value) -> Vec<String> {
    let Some(described) = operation.get("requestBody").map(resolved) else { return Vec::new() };
    let Some(text) = event["body"].as_str().filter(|_| event["isBase64Encoded"] != true) else {
        return Vec::new();
    };
    match serde_json::from_str(text.trim_start_matches('\u{feff}')) {
        Ok(body) => faults(&described["content"]["application/json"]["schema"], &body),
        Err(error) => vec![format!("a body that is not JSON was accepted: {error}")],
    }
}
