//! HTTP/1.1 on 127.0.0.1, with a way to reset a connection instead of answering.

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::error::Error;
use std::net::Ipv4Addr;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tower::ServiceExt;

/// Marks a response that must not be sent: the connection is reset in its place.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CutConnection;

impl std::fmt::Display for CutConnection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection is cut on purpose")
    }
}

impl Error for CutConnection {}

impl IntoResponse for CutConnection {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::new(Body::empty());
        response.extensions_mut().insert(self);
        response
    }
}

pub(crate) async fn listen(port: u16) -> std::io::Result<TcpListener> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await
}

/// Serves until the task is aborted; the connections end with it.
pub(crate) async fn serve(listener: TcpListener, router: Router) {
    let mut connections = JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        if let Ok((stream, _)) = listener.accept().await {
            connections.spawn(connection(stream, router.clone()));
        }
    }
}

async fn connection(stream: TcpStream, router: Router) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(router.clone(), request));
    let mut connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    let Err(error) = (&mut connection).await else { return };
    if error.source().is_some_and(<dyn Error>::is::<CutConnection>) {
        let _ = connection.into_parts().io.into_inner().set_zero_linger();
    }
}

fn answer(
    router: Router,
    request: Request<Incoming>,
) -> BoxFuture<'static, Result<Response<Body>, CutConnection>> {
    Box::pin(async move {
        let Ok(response) = router.oneshot(request.map(Body::new)).await;
        if response.extensions().get::<CutConnection>().is_some() { Err(CutConnection) } else { Ok(response) }
    })
}
