//! A pass-through HTTP proxy: it forwards each request, and shows each reply on its way back.

use crate::server;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use std::sync::Arc;
use tokio::task::JoinSet;

/// Sees each reply before the caller does, and may change it.
pub type OnReply = Arc<dyn Fn(&mut Response) + Send + Sync>;

#[derive(Clone)]
struct Upstream {
    url: String,
    client: Client<HttpConnector, Body>,
    on_reply: OnReply,
}

/// Opens a proxy on this port of 127.0.0.1, 0 for any free one, to the server at `upstream`. Returns its address. It
/// closes when the tasks are dropped.
pub async fn open(port: u16, upstream: &str, on_reply: OnReply) -> std::io::Result<(String, JoinSet<()>)> {
    let listener = server::listen(port).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let upstream = Upstream { url: upstream.to_owned(), client, on_reply };
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(listener, Router::new().fallback(forward).with_state(upstream)));
    Ok((url, tasks))
}

async fn forward(State(upstream): State<Upstream>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("{}{path}", upstream.url).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    let mut response = match upstream.client.request(request).await {
        Ok(response) => response.into_response(),
        Err(_) => StatusCode::BAD_GATEWAY.into_response(),
    };
    (upstream.on_reply)(&mut response);
    response
}
