//! A gate in front of a dependency. It stops chosen requests until the test lets them through.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use defender_tag_relay::outbound::http_client;
use tokio::sync::watch;

use super::line::{BODY_MAX_BYTES, carry_out, listen};

/// Chooses requests by operation or path, and body.
type Chooses = dyn Fn(&str) -> bool + Send + Sync;

/// The gate. Requests that are not chosen pass.
#[derive(Clone)]
pub struct Gate {
    upstream: String,
    http: reqwest::Client,
    stops: Arc<Chooses>,
    stopped: watch::Sender<usize>,
    passed: watch::Sender<Vec<String>>,
    open: watch::Sender<bool>,
}

impl Gate {
    /// A gate before `upstream`, and its address.
    pub async fn before(
        upstream: String,
        stops: impl Fn(&str) -> bool + Send + Sync + 'static,
    ) -> (Self, String) {
        let gate = Self {
            upstream,
            http: http_client().unwrap(),
            stops: Arc::new(stops),
            stopped: watch::Sender::default(),
            passed: watch::Sender::default(),
            open: watch::Sender::default(),
        };
        let url = listen(Router::new().fallback(pass).with_state(gate.clone())).await;
        (gate, url)
    }

    /// Returns when so many requests have been stopped.
    pub async fn stopped(&self, requests: usize) {
        self.stopped.subscribe().wait_for(|stopped| *stopped >= requests).await.unwrap();
    }

    /// Returns when a request that holds this text was carried out.
    pub async fn passed(&self, text: &str) {
        let mut passed = self.passed.subscribe();
        passed.wait_for(|passed| passed.iter().any(|request| request.contains(text))).await.unwrap();
    }

    /// Whether a request that holds this text was carried out.
    pub fn has_passed(&self, text: &str) -> bool {
        self.passed.borrow().iter().any(|request| request.contains(text))
    }

    /// Lets everything through from now on.
    pub fn open(&self) {
        self.open.send_replace(true);
    }
}

async fn pass(State(gate): State<Gate>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, BODY_MAX_BYTES).await.unwrap();
    let operation =
        head.headers.get("x-amz-target").map_or(head.uri.path(), |target| target.to_str().unwrap());
    let shown = format!("{operation} {}", String::from_utf8_lossy(&body));
    if !*gate.open.borrow() && (gate.stops)(&shown) {
        gate.stopped.send_modify(|stopped| *stopped += 1);
        gate.open.subscribe().wait_for(|open| *open).await.unwrap();
    }
    let response = carry_out(&gate.http, &gate.upstream, Request::from_parts(head, Body::from(body))).await;
    gate.passed.send_modify(|passed| passed.push(shown));
    response
}
