//! A proxy in front of the table that counts the operations.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use defender_tag_relay::outbound::http_client;
use lambda_runtime::Error;
use tokio::net::TcpListener;
use tokio::task::JoinSet;

/// The longest request that the proxy accepts, in bytes.
const REQUEST_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A running proxy. It ends when this is dropped.
pub(super) struct CountingProxy {
    /// The proxy's address.
    pub(super) url: String,
    count: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Upstream {
    url: String,
    count: Arc<AtomicUsize>,
    http: reqwest::Client,
}

impl CountingProxy {
    /// Starts a proxy that forwards to this address.
    pub(super) async fn start(table_url: String) -> Result<Self, Error> {
        let count = Arc::new(AtomicUsize::new(0));
        let upstream = Upstream { url: table_url, count: Arc::clone(&count), http: http_client()? };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut server = JoinSet::new();
        let routes = Router::new().fallback(count_and_forward).with_state(upstream);
        server.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        Ok(Self { url, count, _server: server })
    }

    /// Operations so far.
    pub(super) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn count_and_forward(State(upstream): State<Upstream>, request: Request) -> Response {
    upstream.count.fetch_add(1, Ordering::SeqCst);
    forward(&upstream, request).await.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

async fn forward(upstream: &Upstream, request: Request) -> Result<Response, Error> {
    let (mut head, body) = request.into_parts();
    head.headers.remove("host");
    head.headers.remove("content-length");
    let body = to_bytes(body, REQUEST_MAX_BYTES).await.map_err(io::Error::other)?;
    let url = format!("{}{}", upstream.url, head.uri);
    let sent = upstream.http.request(head.method, url).headers(head.headers).body(body).send().await?;
    let status = sent.status();
    let mut headers = sent.headers().clone();
    headers.remove("transfer-encoding");
    let mut response = Response::new(Body::from(sent.bytes().await?));
    *response.status_mut() = status;
    *response.headers_mut() = headers;
    Ok(response)
}
