//! The one place that makes HTTP clients.
//!
//! Invariant: a request leaves at most once. Redirects and retries are off, because every attempt costs a
//! permit that only the budget can give.

use std::sync::Arc;
use std::time::Duration;

use rustls::crypto::aws_lc_rs;
use rustls::{ClientConfig, RootCertStore};

/// Milliseconds to look up, connect and shake hands.
const CONNECT_TIMEOUT_MS: u64 = 3_000;
/// Milliseconds that written bytes may stay unacknowledged: less than the ten seconds within which the budget
/// expects a call to be counted. Only Linux has this option, and Lambda runs on Linux.
#[cfg(target_os = "linux")]
const UNACKNOWLEDGED_MS: u64 = 8_000;
/// Milliseconds an unused connection is kept.
const IDLE_MS: u64 = 50_000;

/// The client could not be made.
#[derive(Debug, thiserror::Error)]
#[error("the HTTP client cannot be made: {0}")]
pub struct NoClient(String);

/// A client over HTTP/1.1 and TLS 1.2 or newer, with Mozilla's root certificates compiled in.
#[expect(clippy::disallowed_methods, reason = "this is the one place that makes HTTP clients")]
pub fn http_client() -> Result<reqwest::Client, NoClient> {
    let client = reqwest::Client::builder();
    #[cfg(target_os = "linux")]
    let client = client.tcp_user_timeout(Duration::from_millis(UNACKNOWLEDGED_MS));
    client
        .tls_backend_preconfigured(tls()?)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .pool_idle_timeout(Duration::from_millis(IDLE_MS))
        .user_agent(concat!("defender-tag-relay/", env!("CARGO_PKG_VERSION")))
        .build()
        .map_err(|error| NoClient(error.to_string()))
}

fn tls() -> Result<ClientConfig, NoClient> {
    let roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| NoClient(error.to_string()))
        .map(|config| config.with_root_certificates(roots).with_no_client_auth())
}

/// Why a request failed, without its address, which may name a tenant.
pub fn describe(error: &reqwest::Error) -> String {
    let kind = if error.is_timeout() {
        "timed out"
    } else if error.is_connect() {
        "no connection"
    } else if error.is_body() || error.is_decode() {
        "broken off in the answer"
    } else {
        "connection broken"
    };
    let mut cause = std::error::Error::source(error);
    while let Some(deeper) = cause.and_then(std::error::Error::source) {
        cause = Some(deeper);
    }
    cause.map_or_else(|| kind.to_owned(), |cause| format!("{kind}: {cause}"))
}

/// Reads a body of at most `bytes_at_most`, or says why it cannot.
pub async fn read_body(mut response: reqwest::Response, bytes_at_most: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| describe(&error))? {
        if body.len() + chunk.len() > bytes_at_most {
            return Err(format!("an answer of more than {bytes_at_most} bytes"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// The seconds of a `Retry-After` header. A date counts as missing.
pub fn retry_after_s(headers: &reqwest::header::HeaderMap) -> Option<u64> {
    headers.get(reqwest::header::RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()
}
