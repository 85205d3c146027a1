//! A door before the engine that writes the `Date` of each reply by the clock of the test's world, as `DynamoDB`
//! writes it by the real one.

use crate::clock::Clock;
use crate::server;
use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::DATE;
use axum::http::{HeaderValue, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use tokio::task::JoinSet;

#[derive(Clone)]
struct Door {
    engine: String,
    client: Client<HttpConnector, Body>,
    clock: Clock,
}

/// Opens a door before the engine at this address. It closes when the tasks are dropped.
pub(super) async fn open(port: u16, engine: &str, clock: Clock) -> std::io::Result<(String, JoinSet<()>)> {
    let listener = server::listen(port).await?;
    let url = format!("http://{}", listener.local_addr()?);
    let client = Client::builder(TokioExecutor::new()).build_http();
    let door = Door { engine: engine.to_owned(), client, clock };
    let mut tasks = JoinSet::new();
    tasks.spawn(server::serve(listener, Router::new().fallback(pass).with_state(door)));
    Ok((url, tasks))
}

async fn pass(State(door): State<Door>, mut request: Request) -> Response {
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let Ok(uri) = format!("{}{path}", door.engine).parse::<Uri>() else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    *request.uri_mut() = uri;
    let mut response = match door.client.request(request).await {
        Ok(response) => response.into_response(),
        Err(_) => return StatusCode::BAD_GATEWAY.into_response(),
    };
    if let Some(date) = date((door.clock)()) {
        response.headers_mut().insert(DATE, date);
    }
    response
}

fn date(ms: u64) -> Option<HeaderValue> {
    let moment = Timestamp::from_millisecond(i64::try_from(ms).ok()?).ok()?;
    let text = DateTimePrinter::new().timestamp_to_rfc9110_string(&moment).ok()?;
    text.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_written_as_http_has_it() {
        assert_eq!(date(784_111_777_900).unwrap(), "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
