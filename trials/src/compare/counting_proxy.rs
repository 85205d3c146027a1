//! The way to the table, which counts what passes.

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

/// Longest request that passes, in bytes.
const REQUEST_MAX_BYTES: usize = 16 * 1024 * 1024;

/// A way to the table.
pub(crate) struct Counted {
    pub(crate) url: String,
    count: Arc<AtomicUsize>,
    _server: JoinSet<()>,
}

#[derive(Clone)]
struct Way {
    upstream: String,
    count: Arc<AtomicUsize>,
    http: reqwest::Client,
}

impl Counted {
    pub(crate) async fn to(upstream: String) -> Result<Self, Error> {
        let (count, http) = (Arc::new(AtomicUsize::new(0)), http_client()?);
        let way = Way { upstream, count: Arc::clone(&count), http };
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let mut server = JoinSet::new();
        let routes = Router::new().fallback(pass).with_state(way);
        server.spawn(async move { axum::serve(listener, routes).await.unwrap_or_default() });
        Ok(Self { url, count, _server: server })
    }

    /// Operations so far.
    pub(crate) fn count(&self) -> usize {
        self.count.load(Ordering::SeqCst)
    }
}

async fn pass(State(way): State<Way>, request: Request) -> Response {
    way.count.fetch_add(1, Ordering::SeqCst);
    carried_out(&way, request).await.unwrap_or_else(|_| StatusCode::BAD_GATEWAY.into_response())
}

async fn carried_out(way: &Way, request: Request) -> Result<Response, Error> {
    let (mut head, body) = request.into_parts();
    head.headers.remove("host");
    head.headers.remove("content-length");
    let body = to_bytes(body, REQUEST_MAX_BYTES).await.map_err(io::Error::other)?;
    let url = format!("{}{}", way.upstream, head.uri);
    let sent = way.http.request(head.method, url).headers(head.headers).body(body).send().await?;
    let (status, mut headers) = (sent.status(), sent.headers().clone());
    headers.remove("transfer-encoding");
    let mut response = Response::new(Body::from(sent.bytes().await?));
    (*response.status_mut(), *response.headers_mut()) = (status, headers);
    Ok(response)
}
