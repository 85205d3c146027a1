//! Who may talk to a server of the local run: the programs of this machine, and no web page but the server's own.
//!
//! A browser lets any page send requests to 127.0.0.1. It names the page in `Origin`, and in `Host` the name that the
//! page used, which somebody else's DNS may point at 127.0.0.1.
//!
//! Invariant: a request is answered only if its `Host` is this machine and its `Origin`, if it has one, is that host.

use axum::extract::Request;
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::net::IpAddr;

const ANOTHER_MACHINE: &str =
    "this server answers on localhost and 127.0.0.1 only: the Host header names another machine\n";
const ANOTHER_ORIGIN: &str = "this server answers no web page of another origin\n";
/// Which page a browser sends a request for, in relation to the server. Source: W3C, "Fetch Metadata Request Headers".
const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what another machine's page or name asks for; everything else goes on. For `axum::middleware::from_fn`.
pub async fn own_machine_only(request: Request, next: Next) -> Response {
    match refusal(request.headers()) {
        None => next.run(request).await,
        Some(why) => (StatusCode::FORBIDDEN, why).into_response(),
    }
}

/// Why a request with these headers is refused, if it is.
fn refusal(headers: &HeaderMap) -> Option<&'static str> {
    let Ok(Some(host)) = the_one(headers, &HOST) else { return Some(ANOTHER_MACHINE) };
    if !is_loopback(host) {
        return Some(ANOTHER_MACHINE);
    }
    let is_own =
        |origin: &str| origin.strip_prefix("http://").is_some_and(|origin| origin.eq_ignore_ascii_case(host));
    match the_one(headers, &ORIGIN) {
        Ok(None) => {}
        Ok(Some(origin)) if is_own(origin) => {}
        _ => return Some(ANOTHER_ORIGIN),
    }
    // A page's picture or script has no `Origin`.
    let site = the_one(headers, &SEC_FETCH_SITE);
    (site == Ok(Some("cross-site"))).then_some(ANOTHER_ORIGIN)
}

/// The value of a header that may be there once.
fn the_one<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Result<Option<&'a str>, ()> {
    let mut values = headers.get_all(name).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => value.to_str().map(Some).map_err(|_| ()),
        _ => Err(()),
    }
}

/// Whether a `Host`, with its port, is this machine.
fn is_loopback(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost")
        || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_refused(headers: &[(HeaderName, &str)]) -> bool {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name, value.parse().unwrap());
        }
        refusal(&map).is_some()
    }

    #[test]
    fn a_program_of_this_machine_is_answered() {
        for host in ["127.0.0.1:8000", "127.0.0.1", "localhost:8080", "LOCALHOST", "[::1]:8080"] {
            assert!(!is_refused(&[(HOST, host)]), "{host}");
        }
    }

    #[test]
    fn the_name_of_another_machine_is_refused() {
        for host in [
            "evil.example:8000",
            "127.0.0.1.evil.example",
            "10.0.0.7:8000",
            "localhost.evil.example",
            "[[127.0.0.1]]",
            "",
        ] {
            assert!(is_refused(&[(HOST, host)]), "{host}");
        }
        assert!(is_refused(&[]), "no host at all");
        assert!(is_refused(&[(HOST, "127.0.0.1"), (HOST, "evil.example")]), "two hosts");
    }

    #[test]
    fn only_a_page_of_the_server_itself_is_answered() {
        assert!(!is_refused(&[(HOST, "127.0.0.1:8080"), (ORIGIN, "http://127.0.0.1:8080")]));
        for origin in
            ["https://evil.example", "http://127.0.0.1:9000", "null", "http://127.0.0.1:8080.evil.example"]
        {
            assert!(is_refused(&[(HOST, "127.0.0.1:8080"), (ORIGIN, origin)]), "{origin}");
        }
        assert!(
            is_refused(&[(HOST, "127.0.0.1:8081"), (SEC_FETCH_SITE, "cross-site")]),
            "a picture of a page"
        );
    }
}
