use defender_tag_relay::domain::Timestamp;
use local::loopback::KEY;
use local::{events, sign, sources};
use serde_json::{Value, json};
use simulator::history::TagChange;

use super::{Fixture, openapi};

/// Attempts at a request, so that a relay that never accepts it ends the test.
const TRIES_MAX: usize = 50;

/// The id of a machine that exists.
pub fn machine(number: usize) -> String {
    format!("{:08x}ab{number:030x}", number.wrapping_mul(0x9e37_79b9) & 0x7fff_ffff)
}

/// The ids of machines that exist.
pub fn machines(numbers: std::ops::Range<usize>) -> Vec<String> {
    numbers.map(machine).collect()
}

/// The id of a machine that Defender does not know.
pub fn unknown_machine(number: usize) -> String {
    format!("dead{number:036x}")
}

/// A request to be sent.
#[derive(Clone, Debug)]
pub struct Ask {
    method: &'static str,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
}

/// A request that reads.
pub fn get(path: &str) -> Ask {
    Ask { method: "GET", path: path.into(), headers: Vec::new(), body: String::new() }.bearer(KEY)
}

/// A request to send a request's failed machines again.
pub fn retry(id: &str) -> Ask {
    Ask { method: "POST", ..get(&format!("/v1/tag-requests/{id}/retry")) }
}

impl Ask {
    pub fn add(tag: &str, machines: &[String]) -> Self {
        Self::native(&json!({ "Value": tag, "Action": "Add", "MachineIds": machines }))
    }

    pub fn remove(tag: &str, machines: &[String]) -> Self {
        Self::native(&json!({ "Value": tag, "Action": "Remove", "MachineIds": machines }))
    }

    /// An unsigned webhook of this source.
    pub fn hook(source: &str, body: &str) -> Self {
        let path = format!("/v1/hooks/{source}");
        let ask = Self { method: "POST", path, headers: Vec::new(), body: body.into() };
        ask.header("content-type", "application/json")
    }

    /// The webhook of a file in `events/hooks/`, filled in and signed.
    pub fn of_file(file: &str, fixture: &Fixture) -> Self {
        let event = fixture.ready(&format!("hooks/{file}.json"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let headers = event["headers"].as_object().unwrap().iter();
        Self {
            method: "POST",
            path: text(&event["rawPath"]),
            headers: headers.map(|(name, value)| (name.clone(), text(value))).collect(),
            body: text(&event["body"]),
        }
    }

    /// The same, signed as its source would sign it now.
    pub fn signed(self, fixture: &Fixture) -> Self {
        let now = fixture.app().clock().now();
        self.signed_at(fixture, now)
    }

    /// The same, signed as its source would sign it at another time.
    pub fn signed_at(self, fixture: &Fixture, now: Timestamp) -> Self {
        let name = self.path.strip_prefix("/v1/hooks/").unwrap().to_owned();
        let sources: Value = serde_json::from_str(&fixture.loopback.variables["SOURCES"]).unwrap();
        let proof = sign::sign(sources::find(&sources, &name).unwrap(), self.body.as_bytes(), now).unwrap();
        let ask = proof.headers.iter().fold(self, |ask, (name, value)| ask.header(name, value));
        let path = proof.path_token.map_or_else(|| ask.path.clone(), |token| format!("{}/{token}", ask.path));
        Self { path, ..ask }
    }

    pub fn without(mut self, header: &str) -> Self {
        self.headers.retain(|(known, _)| known != header);
        self
    }

    /// The same with another body, whatever signature it has.
    pub fn with_body(self, body: &str) -> Self {
        Self { body: body.into(), ..self }
    }

    pub fn at_path(self, path: &str) -> Self {
        Self { path: path.into(), ..self }
    }

    pub fn by_method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }

    pub fn path(&self) -> &str {
        &self.path
    }

    pub fn body(&self) -> &str {
        &self.body
    }

    /// The text of a header.
    pub fn of_header(&self, name: &str) -> String {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap()
    }

    pub fn native(body: &Value) -> Self {
        Self::raw(&body.to_string())
    }

    pub fn raw(body: &str) -> Self {
        let path = "/v1/tag-requests".into();
        let ask = Self { method: "POST", path, headers: Vec::new(), body: body.into() };
        ask.bearer(KEY).header("content-type", "application/json")
    }

    pub fn urgent(self) -> Self {
        self.priority("urgent")
    }

    pub fn routine(self) -> Self {
        self.priority("routine")
    }

    fn priority(self, class: &str) -> Self {
        let mut body: Value = serde_json::from_str(&self.body).unwrap();
        body["Priority"] = class.into();
        Self { body: body.to_string(), ..self }
    }

    /// Sets a header, in place of one of that name.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.retain(|(known, _)| known != name);
        self.headers.push((name.into(), value.into()));
        self
    }

    pub fn bearer(self, key: &str) -> Self {
        self.header("authorization", &format!("Bearer {key}"))
    }

    pub fn key(self, key: &str) -> Self {
        self.header("idempotency-key", key)
    }

    /// Asks for an answer as soon as the request is durable.
    pub fn at_once(self) -> Self {
        self.header("prefer", "respond-async")
    }

    /// What a native request asks for.
    pub fn asked(&self) -> TagChange {
        let body: Value = serde_json::from_str(&self.body).unwrap();
        let machines = serde_json::from_value(body["MachineIds"].clone()).unwrap();
        TagChange { tag: body["Value"].as_str().unwrap().to_owned(), add: body["Action"] == "Add", machines }
    }

    /// The event of an HTTP API that carries the request.
    pub fn event(&self) -> Value {
        let mut event = events::load("add.json").unwrap();
        event["rawPath"] = self.path.as_str().into();
        event["headers"] =
            self.headers.iter().cloned().collect::<std::collections::BTreeMap<_, _>>().into_iter().collect();
        event["requestContext"]["http"]["method"] = self.method.into();
        event["requestContext"]["http"]["path"] = self.path.as_str().into();
        event["body"] = self.body.as_str().into();
        event
    }

    /// The HTTP request itself.
    pub fn request(&self) -> axum::http::Request<axum::body::Body> {
        let builder = axum::http::Request::builder().method(self.method).uri(&self.path);
        let builder = self.headers.iter().fold(builder, |builder, (name, value)| builder.header(name, value));
        builder.body(self.body.clone().into()).unwrap()
    }

    pub async fn send(&self, fixture: &Fixture) -> Answer {
        fixture.play(self.event()).await
    }

    /// Sends it as a sender does: again while the answer is a 503, because a busy machine's table may be too slow.
    pub async fn send_until_accepted(&self, fixture: &Fixture) -> Answer {
        for _ in 0..TRIES_MAX {
            let answer = self.send(fixture).await;
            if answer.status != 503 {
                return answer;
            }
        }
        panic!("not accepted in {TRIES_MAX} attempts: {self:?}");
    }

    pub async fn send_owned(self, fixture: &Fixture) -> Answer {
        self.send(fixture).await
    }

    /// Sends it to another instance of the relay.
    pub async fn send_to(&self, app: &defender_tag_relay::http::App) -> Answer {
        Answer::new(&openapi::play(app, self.event()).await.unwrap())
    }
}

/// An answer, its body read as JSON.
#[derive(Clone, Debug)]
pub struct Answer {
    pub status: u64,
    pub headers: Value,
    pub body: Value,
}

impl Answer {
    pub fn new(answer: &Value) -> Self {
        Self {
            status: answer["statusCode"].as_u64().unwrap_or(0),
            body: serde_json::from_str(answer["body"].as_str().unwrap_or("null")).unwrap(),
            headers: answer["headers"].clone(),
        }
    }

    pub fn count(&self, outcome: &str) -> u64 {
        self.body["counts"][outcome].as_u64().unwrap_or(0)
    }

    pub fn id(&self) -> String {
        self.body["id"].as_str().unwrap().to_owned()
    }

    /// The outcome of the machine at this place.
    pub fn outcome(&self, place: usize) -> &str {
        self.body["machines"][place]["outcome"].as_str().unwrap()
    }

    pub fn detail(&self, place: usize) -> &str {
        self.body["machines"][place]["detail"].as_str().unwrap_or_default()
    }

    /// The same request as it stands now.
    pub async fn now(&self, fixture: &Fixture) -> Self {
        get(&format!("/v1/tag-requests/{}", self.id())).send(fixture).await
    }

    /// The same as this bearer sees it.
    pub async fn now_as(&self, fixture: &Fixture, key: &str) -> Self {
        get(&format!("/v1/tag-requests/{}", self.id())).bearer(key).send(fixture).await
    }

    /// A problem with what differs from run to run taken out.
    pub fn problem(&self) -> String {
        let mut body = self.body.clone();
        assert!(body["requestId"].as_str().is_some_and(|id| !id.is_empty()), "{body}");
        body["requestId"] = "…".into();
        format!("{} {}", self.headers["content-type"].as_str().unwrap_or_default(), body)
    }
}
