//! The connection between one relay and its dependencies. A test can cut it at any step.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use defender_tag_relay::outbound::http_client;
use tokio::net::TcpListener;
use tokio::sync::watch;

/// Longest body passed on, in bytes.
pub(super) const BODY_MAX_BYTES: usize = 16 * 1024 * 1024;

/// Where the connection is cut. From then on the relay behind it gets nothing, not even an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// Before the step of this number reaches the dependency.
    Before(usize),
    /// After it was carried out there, before the answer is back.
    After(usize),
}

#[derive(Clone)]
struct Line {
    upstream: String,
    cut: Cut,
    steps: Arc<AtomicUsize>,
    is_cut: Arc<watch::Sender<bool>>,
    http: reqwest::Client,
}

/// The two addresses of a connection that may be cut.
pub struct Lines {
    /// The embedded DynamoDB's address through this connection.
    pub dynamodb_url: String,
    /// The simulator's address through this connection.
    pub simulator_url: String,
    is_cut: watch::Receiver<bool>,
}

impl Lines {
    pub async fn start(dynamodb_url: String, simulator_url: String, cut: Cut) -> Self {
        let (is_cut, seen) = watch::channel(false);
        let steps = Arc::new(AtomicUsize::new(0));
        let is_cut = Arc::new(is_cut);
        let http = http_client().unwrap();
        let line = |upstream: String| {
            let steps = Arc::clone(&steps);
            let is_cut = Arc::clone(&is_cut);
            let http = http.clone();
            serve(Line { upstream, cut, steps, is_cut, http })
        };
        Self {
            dynamodb_url: line(dynamodb_url).await,
            simulator_url: line(simulator_url).await,
            is_cut: seen,
        }
    }

    /// Returns when the connection is cut.
    pub async fn cut(&self) {
        self.is_cut.clone().wait_for(|cut| *cut).await.unwrap();
    }
}

async fn serve(line: Line) -> String {
    listen(Router::new().fallback(pass).with_state(line)).await
}

/// Serves on a free port of 127.0.0.1. Returns the address.
pub(super) async fn listen(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

async fn pass(State(line): State<Line>, request: Request) -> Response {
    let step = line.steps.fetch_add(1, Ordering::SeqCst) + 1;
    match line.cut {
        Cut::Before(at) if step >= at => line.go_silent().await,
        Cut::After(at) if step > at => line.go_silent().await,
        Cut::After(at) if step == at => {
            line.carry_out(request).await;
            line.go_silent().await
        }
        _ => line.carry_out(request).await,
    }
}

impl Line {
    async fn go_silent(&self) -> Response {
        self.is_cut.send_replace(true);
        std::future::pending().await
    }

    async fn carry_out(&self, request: Request) -> Response {
        carry_out(&self.http, &self.upstream, request).await
    }
}

/// Passes a request on and its answer back.
pub(super) async fn carry_out(http: &reqwest::Client, upstream: &str, request: Request) -> Response {
    let (mut head, body) = request.into_parts();
    head.headers.remove("host");
    head.headers.remove("content-length");
    let body = to_bytes(body, BODY_MAX_BYTES).await.unwrap();
    let url = format!("{upstream}{}", head.uri);
    let sent = http.request(head.method, url).headers(head.headers).body(body).send().await.unwrap();
    let mut response = Response::builder().status(sent.status());
    for (name, value) in sent.headers().iter().filter(|(name, _)| *name != "transfer-encoding") {
        response = response.header(name, value);
    }
    response.body(Body::from(sent.bytes().await.unwrap())).unwrap()
}
