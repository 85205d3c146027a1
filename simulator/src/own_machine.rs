//! Who may talk to a server of the local run: the programs of this machine, and no web page but the server's own.
//!
//! A browser lets any page send requests to 127.0.0.1. It names the page in `Origin`, and in `Host` the name that the
//! page used, which somebody else's DNS may point at 127.0.0.1.
//!
//! Invariant: a request is answered only if its `Host` is this machine and its `Origin`, if it has one, is that host.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

/// Refuses what another machine's page or name asks for; everything else goes on. For `axum::middleware::from_fn`.
pub async fn own_machine_only(request: Request, next: Next) -> Response {
    match refusal(request.headers()) {
        None => next.run(request).await,
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
    }
}

/// Why a request with these headers is refused, if it is.
fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let text = |name| headers.get(name).and_then(|value: &axum::http::HeaderValue| value.to_str().ok());
    let Some(host) = text(HOST).filter(|host| is_loopback(host)) else {
        return Some(
            "this server answers on localhost and 127.0.0.1 only: the Host header names another machine\n",
        );
    };
    let is_own = |origin: &str| origin.strip_prefix("http://") == Some(host);
    let is_foreign = headers.contains_key(ORIGIN) && !text(ORIGIN).is_some_and(is_own);
    is_foreign.then_some("this server answers no web page of another origin\n")
}

/// Whether a `Host`, with its port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(headers: &[(axum::http::HeaderName, &str)]) -> bool {
        let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap()));
        refusal(&headers.collect()).is_some()
    }

    #[test]
    fn a_program_of_this_machine_is_answered() {
        for host in ["127.0.0.1:8000", "127.0.0.1", "localhost:8080", "[::1]:8080"] {
            assert!(!is_refused(&[(HOST, host)]), "{host}");
        }
    }

    #[test]
    fn the_name_of_another_machine_is_refused() {
        for host in
            ["evil.example:8000", "127.0.0.1.evil.example", "10.0.0.7:8000", "localhost.evil.example", ""]
        {
            assert!(is_refused(&[(HOST, host)]), "{host}");
        }
        assert!(is_refused(&[]), "no host at all");
    }

    #[test]
    fn only_a_page_of_the_server_itself_is_answered() {
        assert!(!is_refused(&[(HOST, "127.0.0.1:8080"), (ORIGIN, "http://127.0.0.1:8080")]));
        for origin in
            ["https://evil.example", "http://127.0.0.1:9000", "null", "http://127.0.0.1:8080.evil.example"]
        {
            assert!(is_refused(&[(HOST, "127.0.0.1:8080"), (ORIGIN, origin)]), "{origin}");
        }
    }
}
