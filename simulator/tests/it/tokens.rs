//! Entra: tokens, what they are worth, and why there is none.

use crate::bench::{Bench, id, ids};
use serde_json::json;
use simulator::TokenFault;
use std::io::ErrorKind;
use std::time::Duration;

#[tokio::test]
async fn a_token_has_entras_shape_and_a_life() {
    let bench = Bench::start().await;
    let first = bench.ask_token(&[]).await.unwrap();
    assert_eq!(first.status, 200);
    let body = first.json();
    assert_eq!((&body["token_type"], &body["expires_in"]), (&json!("Bearer"), &json!(3599)));
    assert_eq!(body["ext_expires_in"], 3599);
    let second = bench.ask_token(&[]).await.unwrap().json();
    assert_ne!(body["access_token"], second["access_token"]);
    bench.simulator.switch(|switches| {
        switches.token_life_s = 60;
        switches.token_expires_in_as_string = true;
    });
    assert_eq!(bench.ask_token(&[]).await.unwrap().json()["expires_in"], "60");
    assert_eq!(bench.simulator.token_requests(), 4);
}

#[tokio::test]
async fn each_token_proof_and_secret_is_known_as_something_nobody_may_tell() {
    let bench = Bench::start().await;
    bench.simulator.keep_secret("arn", "-----BEGIN KEY-----\nfirst line\nsecond line\n-----END KEY-----\n");
    let body = bench.ask_token(&[("client_assertion", "a.b.c")]).await.unwrap().json();
    let confided = bench.simulator.confided()();
    for text in [body["access_token"].as_str().unwrap(), "a.b.c", "first line", "second line"] {
        assert!(confided.iter().any(|known| known == text), "{text}");
    }
    assert!(
        !confided.iter().any(|known| known.starts_with("-----")),
        "what stands in every key is no secret"
    );
}

/// What is changed, and the status, `error` and AADSTS number it brings.
type Case<'a> = (&'a [(&'a str, &'a str)], u16, &'a str, u32);

#[tokio::test]
async fn a_wrong_request_is_refused_with_its_number() {
    let bench = Bench::start().await;
    let jwt = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
    let assertion = [("client_secret", ""), ("client_assertion_type", jwt), ("client_assertion", "a.b.c")];
    let cases: [Case; 9] = [
        (&[("client_secret", "other")], 401, "invalid_client", 7_000_215),
        (&[("client_secret", "")], 401, "invalid_client", 7_000_216),
        (&[("client_id", "other")], 400, "unauthorized_client", 700_016),
        (&[("grant_type", "password")], 400, "unsupported_grant_type", 70_003),
        (&[("grant_type", "")], 400, "invalid_request", 900_144),
        (&[("scope", "https://graph.microsoft.com/User.Read")], 400, "invalid_scope", 70_011),
        (&[("scope", "https://nobody.example/.default")], 400, "invalid_resource", 500_011),
        (&[("scope", "")], 400, "invalid_request", 900_144),
        (&assertion, 401, "invalid_client", 700_027),
    ];
    for (changes, status, error, aadsts) in cases {
        let answer = bench.ask_token(changes).await.unwrap();
        let body = answer.json();
        assert_eq!((answer.status, &body["error"]), (status, &json!(error)), "{changes:?}");
        assert_eq!(body["error_codes"], json!([aadsts]));
        let description = body["error_description"].as_str().unwrap_or_default();
        assert!(description.starts_with(&format!("AADSTS{aadsts}: ")), "{description}");
        assert!(body["trace_id"].is_string() && body["correlation_id"].is_string());
    }
}

#[tokio::test]
async fn another_tenant_is_unknown() {
    let bench = Bench::start().await;
    let answer = bench.ask_token_of("elsewhere.example", &[]).await.unwrap();
    assert_eq!((answer.status, &answer.json()["error_codes"]), (400, &json!([90_002])));
}

#[tokio::test]
async fn a_token_ends_with_its_life() {
    let bench = Bench::start().await;
    bench.at(3_598_999);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 200);
    bench.at(3_599_000);
    let answer = bench.add("vip", &ids(1)).await;
    assert_eq!((answer.status, answer.code().as_str()), (401, "Unauthorized"));
}

#[tokio::test]
async fn all_tokens_can_be_expired_at_once() {
    let mut bench = Bench::start().await;
    bench.simulator.expire_tokens();
    assert_eq!(bench.add("vip", &ids(1)).await.status, 401);
    bench.sign_in().await;
    assert_eq!(bench.add("vip", &ids(1)).await.status, 200);
}

#[tokio::test]
async fn a_token_without_the_role_shows_only_at_the_call() {
    let mut bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.roles.clear());
    bench.sign_in().await;
    let answer = bench.add("vip", &ids(1)).await;
    assert_eq!((answer.status, answer.code().as_str()), (403, "Forbidden"));
    bench.simulator.switch(|switches| switches.roles = vec!["Machine.ReadWrite.All".to_owned()]);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 403);
    bench.sign_in().await;
    assert_eq!(bench.add("vip", &ids(1)).await.status, 200);
}

#[tokio::test]
async fn a_token_for_another_audience_is_forbidden() {
    let bench = Bench::start().await;
    let scope = ("scope", "https://api.security.microsoft.com/.default");
    let answer = bench.ask_token(&[scope]).await.unwrap().json();
    let token = format!("Bearer {}", answer["access_token"].as_str().unwrap());
    let body = json!({"Value": "vip", "Action": "Add", "MachineIds": ids(1)}).to_string();
    let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
    assert_eq!(bench.post_as(&headers, &body).await.unwrap().status, 403);
    let plain = [("authorization", token.as_str()), ("content-type", "text/plain")];
    assert_eq!(bench.post_as(&plain, &body).await.unwrap().status, 403);
}

#[tokio::test]
async fn every_call_can_be_forbidden_and_needs_a_token_and_json() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.forbidden = true);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 403);
    bench.simulator.switch(|switches| switches.forbidden = false);
    let json_only = [("content-type", "application/json")];
    assert_eq!(bench.post_as(&json_only, "{}").await.unwrap().status, 401);
    let answer = bench.ask_token(&[]).await.unwrap().json();
    let token = format!("bearer {}", answer["access_token"].as_str().unwrap());
    let untyped = bench.post_as(&[("authorization", &token)], "{}").await.unwrap();
    assert_eq!((untyped.status, untyped.code().as_str()), (415, "UnsupportedMediaType"));
    assert!(bench.simulator.tags_of(&id(0)).is_empty());
}

#[tokio::test]
async fn token_requests_fail_as_told() {
    let bench = Bench::start().await;
    let error = "temporarily_unavailable".to_owned();
    let aadsts = 90_006;
    bench.simulator.next_token(TokenFault::Status { status: 429, error, aadsts, retry_after_s: Some(60) });
    bench.simulator.next_token(TokenFault::NotJson);
    bench.simulator.next_token(TokenFault::Reset);
    bench.simulator.next_token(TokenFault::Slow { ms: 300 });
    let refused = bench.ask_token(&[]).await.unwrap();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    assert_eq!(refused.json()["error_codes"], json!([90_006]));
    let html = bench.ask_token(&[]).await.unwrap();
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html")));
    let reset = bench.ask_token(&[]).await.map_err(|error| error.kind());
    assert_eq!(reset.err(), Some(ErrorKind::ConnectionReset));
    let slow = bench.ask_token(&[]);
    assert!(tokio::time::timeout(Duration::from_millis(150), slow).await.is_err());
    assert_eq!(bench.ask_token(&[]).await.unwrap().status, 200);
}
