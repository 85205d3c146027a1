//! The Runtime API, the HTTP interface between Lambda and its runtimes, for the function's own binary on this machine.
//! Source: AWS, "Lambda runtime API" and "Lambda Extensions API".

use std::io;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc, watch};
use tokio::task::JoinSet;

/// When an invocation must be over, in milliseconds from its beginning, as `template.yaml` has it.
pub const DEADLINE_MS: i64 = 60_000;
/// The function's ARN in every invocation.
const ARN: &str = "arn:aws:lambda:us-east-1:123456789012:function:relay";

/// Says what time it is, in milliseconds since the Unix epoch.
pub type NowMs = Box<dyn Fn() -> i64 + Send + Sync>;

/// What the Runtime API knows.
struct Lambda {
    events: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<Value>,
    invoked: mpsc::Sender<()>,
    for_extension: Mutex<mpsc::Receiver<()>>,
    rested: watch::Sender<usize>,
    ready: watch::Sender<bool>,
    now_ms: NowMs,
    deadline_ms: i64,
}

/// A Runtime API for one process. It ends when this is dropped.
pub struct RuntimeApi {
    /// `AWS_LAMBDA_RUNTIME_API` for the process.
    pub address: String,
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
    /// How often the extension has asked for the next event; Lambda freezes the function after that.
    pub rested: watch::Receiver<usize>,
    /// Whether the process has asked for its first event.
    pub ready: watch::Receiver<bool>,
    _server: JoinSet<()>,
}

impl RuntimeApi {
    /// Serves on a free port of 127.0.0.1. `extensions`: whether Lambda has them. `deadline_ms`: how long an invocation
    /// may take.
    pub async fn start(extensions: bool, deadline_ms: i64, now_ms: NowMs) -> io::Result<Self> {
        let (events, received) = mpsc::channel(1);
        let (answers, answered) = mpsc::channel(1);
        let (invoked, for_extension) = mpsc::channel(1);
        let (rested, rests) = watch::channel(0);
        let (ready, is_ready) = watch::channel(false);
        let received = received.into();
        let for_extension = for_extension.into();
        let lambda =
            Lambda { events: received, answers, invoked, for_extension, rested, ready, now_ms, deadline_ms };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?.to_string();
        let mut server = JoinSet::new();
        server.spawn(
            async move { axum::serve(listener, routes(lambda, extensions)).await.unwrap_or_default() },
        );
        Ok(Self { address, events, answers: answered, rested: rests, ready: is_ready, _server: server })
    }

    /// Gives the process an event and returns its answer as soon as Lambda has it; none if it is gone.
    pub async fn invoke(&mut self, event: Value) -> Option<Value> {
        self.events.send(event).await.ok()?;
        self.answers.recv().await
    }

    /// Returns when the process has asked for its first event.
    pub async fn until_ready(&mut self) {
        let _ = self.ready.wait_for(|ready| *ready).await;
    }
}

fn routes(lambda: Lambda, extensions: bool) -> Router {
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
        .route("/2018-06-01/runtime/invocation/{id}/error", post(response));
    let with_extensions = Router::new()
        .route("/2020-01-01/extension/register", post(register))
        .route("/2020-01-01/extension/event/next", get(extension_next));
    let routes = if extensions { routes.merge(with_extensions) } else { routes };
    routes.with_state(Arc::new(lambda))
}

async fn next(State(lambda): State<Arc<Lambda>>) -> Response {
    lambda.ready.send_replace(true);
    let Some(event) = lambda.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    // Full when the extension has not come for the last one: then it has one to come for.
    let _ = lambda.invoked.try_send(());
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", ((lambda.now_ms)() + lambda.deadline_ms).to_string()),
        ("lambda-runtime-invoked-function-arn", ARN.to_owned()),
    ];
    (headers, Json(event)).into_response()
}

async fn response(State(lambda): State<Arc<Lambda>>, Path(_): Path<String>, answer: String) -> StatusCode {
    let answer = serde_json::from_str(&answer).unwrap_or(Value::String(answer));
    // Nobody may wait for it any more.
    let _ = lambda.answers.send(answer).await;
    StatusCode::ACCEPTED
}

async fn register() -> Response {
    let registered = json!({ "functionName": "relay", "functionVersion": "1", "handler": "bootstrap" });
    ([("lambda-extension-identifier", "1")], Json(registered)).into_response()
}

async fn extension_next(State(lambda): State<Arc<Lambda>>) -> Response {
    lambda.rested.send_modify(|rested| *rested += 1);
    if lambda.for_extension.lock().await.recv().await.is_none() {
        return StatusCode::GONE.into_response();
    }
    Json(json!({
        "eventType": "INVOKE", "deadlineMs": (lambda.now_ms)() + lambda.deadline_ms, "requestId": "1",
        "invokedFunctionArn": ARN, "tracing": { "type": "X-Amzn-Trace-Id", "value": "Root=1" },
    }))
    .into_response()
}
