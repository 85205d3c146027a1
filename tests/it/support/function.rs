//! The function's own binary under a Runtime API of ours: the HTTP interface between Lambda and its runtimes.

use std::io::Write;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::io::AsyncReadExt;
use tokio::net::TcpListener;
use tokio::process::{Child, Command};
use tokio::sync::{Mutex, mpsc, watch};

use super::{Answer, Ask, World, openapi};

/// Longest wait for the function, in seconds.
const PATIENCE: Duration = Duration::from_secs(20);
/// When an invocation must be over, in milliseconds from its beginning.
const DEADLINE_MS: i64 = 60_000;

/// What the Runtime API knows.
struct Lambda {
    events: Mutex<mpsc::Receiver<Value>>,
    answers: mpsc::Sender<Value>,
    invoked: mpsc::Sender<()>,
    for_extension: Mutex<mpsc::Receiver<()>>,
    /// How often the extension has asked for the next event.
    asked: watch::Sender<usize>,
    now_ms: Box<dyn Fn() -> i64 + Send + Sync>,
}

/// A running function.
pub struct Function {
    events: mpsc::Sender<Value>,
    answers: mpsc::Receiver<Value>,
    asked: watch::Receiver<usize>,
    _process: Child,
}

impl Function {
    /// Starts the function with the environment of the world's relay. `extensions`: whether Lambda has them.
    pub async fn start(world: &World, extensions: bool) -> Self {
        let (events, received) = mpsc::channel(1);
        let (answers, answered) = mpsc::channel(1);
        let (invoked, for_extension) = mpsc::channel(1);
        let (asked, asks) = watch::channel(0);
        let clock = world.app().clock().clone();
        let lambda = Lambda {
            events: received.into(),
            answers,
            invoked,
            for_extension: for_extension.into(),
            asked,
            now_ms: Box::new(move || clock.now().ms()),
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        tokio::spawn(async move { axum::serve(listener, routes(lambda, extensions)).await });
        let mut process = Command::new(env!("CARGO_BIN_EXE_defender-tag-relay"))
            .env_clear()
            .envs(&world.loopback.variables)
            .envs([
                ("AWS_ACCESS_KEY_ID", "local"),
                ("AWS_SECRET_ACCESS_KEY", "local"),
                ("AWS_REGION", "us-east-1"),
            ])
            .envs([("AWS_LAMBDA_FUNCTION_NAME", "relay"), ("AWS_LAMBDA_FUNCTION_VERSION", "1")])
            .envs([("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"), ("AWS_LAMBDA_RUNTIME_API", &address)])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let (mut output, mut lines) = (process.stdout.take().unwrap(), world.witness.lines.clone());
        tokio::spawn(async move {
            let mut bytes = [0; 4096];
            while let Ok(read @ 1..) = output.read(&mut bytes).await {
                lines.write_all(&bytes[..read]).unwrap();
            }
        });
        Self { events, answers: answered, asked: asks, _process: process }
    }

    /// Gives the function an event and returns its answer as soon as Lambda has it.
    pub async fn invoke(&mut self, ask: &Ask) -> Answer {
        self.events.send(ask.event()).await.unwrap();
        let answer = tokio::time::timeout(PATIENCE, self.answers.recv()).await;
        let answer = answer.expect("the function answers in time").unwrap();
        openapi::hold(&ask.event(), &answer);
        Answer::new(&answer)
    }

    /// How often the extension has asked for the next event; Lambda freezes the function after that.
    pub fn times_rested(&self) -> usize {
        *self.asked.borrow()
    }

    /// Returns when the extension has asked for the next event so often.
    pub async fn rested(&mut self, times: usize) {
        let rested = tokio::time::timeout(PATIENCE, self.asked.wait_for(|asked| *asked >= times)).await;
        rested.expect("the function rests in time").unwrap();
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
    let Some(event) = lambda.events.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let _ = lambda.invoked.try_send(());
    let headers = [
        ("lambda-runtime-aws-request-id", "8476a536-e9f4-11e8-9739-2dfe598c3fcd".to_owned()),
        ("lambda-runtime-deadline-ms", ((lambda.now_ms)() + DEADLINE_MS).to_string()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:123456789012:function:relay".to_owned(),
        ),
    ];
    (headers, Json(event)).into_response()
}

async fn response(State(lambda): State<Arc<Lambda>>, Path(_): Path<String>, answer: String) -> StatusCode {
    let _ = lambda.answers.send(serde_json::from_str(&answer).unwrap()).await;
    StatusCode::ACCEPTED
}

async fn register() -> Response {
    (
        [("lambda-extension-identifier", "1")],
        Json(json!({ "functionName": "relay", "functionVersion": "1",
        "handler": "bootstrap" })),
    )
        .into_response()
}

async fn extension_next(State(lambda): State<Arc<Lambda>>) -> Response {
    lambda.asked.send_modify(|asked| *asked += 1);
    if lambda.for_extension.lock().await.recv().await.is_none() {
        return StatusCode::GONE.into_response();
    }
    Json(json!({
        "eventType": "INVOKE", "deadlineMs": (lambda.now_ms)() + DEADLINE_MS, "requestId": "1",
        "invokedFunctionArn": "arn:aws:lambda:us-east-1:123456789012:function:relay",
        "tracing": { "type": "X-Amzn-Trace-Id", "value": "Root=1" },
    }))
    .into_response()
}
