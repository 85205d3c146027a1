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
/// expects a call to be counted.
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
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls()?)
        .http1_only()
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(Duration::from_millis(CONNECT_TIMEOUT_MS))
        .tcp_user_timeout(Duration::from_millis(UNACKNOWLEDGED_MS))
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
