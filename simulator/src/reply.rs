//! An answer before it becomes HTTP, so that a fault can still change it.

use crate::server::CutConnection;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::Value;

/// What goes back to the client.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) retry_after_s: Option<u64>,
    pub(crate) payload: Payload,
    pub(crate) delay_ms: u64,
}

/// The body, or how it goes wrong.
#[derive(Clone, Debug)]
pub(crate) enum Payload {
    Json(Value),
    Html,
    Text(String),
    /// Announces the whole body and sends half of it.
    Half(Value),
    /// No answer: the connection is reset.
    CutConnection,
}

const HTML: &str =
    "<html><head><title>Service unavailable</title></head><body>Azure Front Door</body></html>";

impl Reply {
    pub(crate) fn json(status: u16, value: Value) -> Self {
        Self { status, retry_after_s: None, payload: Payload::Json(value), delay_ms: 0 }
    }

    pub(crate) fn html(status: u16) -> Self {
        Self { status, retry_after_s: None, payload: Payload::Html, delay_ms: 0 }
    }

    pub(crate) fn cut() -> Self {
        Self { status: 0, retry_after_s: None, payload: Payload::CutConnection, delay_ms: 0 }
    }

    pub(crate) fn retry_after(mut self, seconds: Option<u64>) -> Self {
        self.retry_after_s = seconds;
        self
    }
}

impl IntoResponse for Reply {
    fn into_response(self) -> Response {
        let mut response = match self.payload {
            Payload::Json(value) => typed("application/json", value.to_string().into()),
            Payload::Html => typed("text/html", HTML.into()),
            Payload::Text(text) => typed(kind_of(&text), text.into()),
            Payload::Half(value) => half(&value.to_string()),
            Payload::CutConnection => return CutConnection.into_response(),
        };
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        if let Some(seconds) = self.retry_after_s {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        response
    }
}

fn kind_of(text: &str) -> &'static str {
    let json = serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    if json { "application/json" } else { "text/plain" }
}

fn typed(content_type: &'static str, body: Body) -> Response {
    ([(header::CONTENT_TYPE, content_type)], body).into_response()
}

fn half(text: &str) -> Response {
    let sent = Bytes::copy_from_slice(&text.as_bytes()[..text.len() / 2]);
    let mut response =
        typed("application/json", Body::from_stream(stream::unfold(Some(sent), send_then_break)));
    response.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from(text.len()));
    response
}

type Step = (Result<Bytes, std::io::Error>, Option<Bytes>);

/// The pause lets the first half leave the buffer before the error closes the connection.
async fn send_then_break(left: Option<Bytes>) -> Option<Step> {
    if let Some(bytes) = left {
        return Some((Ok(bytes), None));
    }
    crate::clock::sleep_ms(20).await;
    Some((Err(std::io::ErrorKind::ConnectionAborted.into()), None))
}
