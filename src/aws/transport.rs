//! AWS's requests over the relay's own kind of HTTP client.
//!
//! The SDK's client would bring a second HTTP stack, and read the system's root certificates at every start. Invariant:
//! the client is made when it is first needed, once.

use std::sync::{Arc, OnceLock};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use crate::outbound::{http_client, read_body};

/// Bytes of an answer that are read: a page of a query has one megabyte. Source: AWS, `DynamoDB`, "Query".
const ANSWER_MAX_BYTES: usize = 16 * 1024 * 1024;

/// An HTTP client for AWS's clients. All clients that have it share its connections.
pub fn transport() -> SharedHttpClient {
    let connector = SharedHttpConnector::new(Transport::default());
    http_client_fn(move |_, _| connector.clone())
}

#[derive(Clone, Debug, Default)]
struct Transport(Arc<OnceLock<Option<reqwest::Client>>>);

impl HttpConnector for Transport {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let transport = self.clone();
        HttpConnectorFuture::new(async move { transport.send(request).await })
    }
}

impl Transport {
    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let http = self.0.get_or_init(|| http_client().ok()).as_ref();
        let http = http.ok_or_else(|| unsendable("the HTTP client cannot be made"))?;
        let (head, body) = request.try_into_http1x().map_err(unsendable)?.into_parts();
        let body = body.bytes().ok_or_else(|| unsendable("a body that is not in memory"))?.to_vec();
        let request = http.request(head.method, head.uri.to_string()).headers(head.headers).body(body);
        let answer = request.send().await.map_err(failed)?;
        let status = answer.status();
        let headers = answer.headers().clone();
        let body = read_body(answer, ANSWER_MAX_BYTES).await.map_err(|why| ConnectorError::io(why.into()))?;
        let mut response = http::Response::new(SdkBody::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        response.try_into().map_err(|_| ConnectorError::io("an answer that cannot be read".into()))
    }
}

/// Classifies an error, because the SDK retries a request that broke off or took too long.
fn failed(error: reqwest::Error) -> ConnectorError {
    if error.is_timeout() {
        ConnectorError::timeout(error.into())
    } else if error.is_builder() {
        ConnectorError::user(error.into())
    } else {
        ConnectorError::io(error.into())
    }
}

fn unsendable(why: impl Into<aws_smithy_runtime_api::box_error::BoxError>) -> ConnectorError {
    ConnectorError::user(why.into())
}
