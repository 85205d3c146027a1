use local::loopback::KEY;
use serde_json::json;

use crate::support::{Ask, Fixture, get, machine, machines};

/// Everything that can be wrong with a request, and the answer.
#[tokio::test]
async fn bad_input_is_answered_with_a_clear_problem_and_nothing_is_done() {
    let fixture = Fixture::new().await;
    let good = machine(1);
    let native = |value: &str| Ask::native(&json!({ "Value": value, "Action": "Add", "MachineIds": [good] }));
    let mut invalid_utf8 = Ask::add("vip", std::slice::from_ref(&good)).event();
    invalid_utf8["isBase64Encoded"] = true.into();
    invalid_utf8["body"] = "eyJWYWx1ZSI6ICL/In0=".into();
    let cases = [
        ("malformed JSON", Ask::raw("{\"Value\": \"vip\",}").event()),
        ("misspelt field", Ask::native(&json!({ "value": "vip" })).event()),
        ("nameless field", Ask::native(&json!({ "": "vip" })).event()),
        ("bad machine id", Ask::add("vip", &[machine(1), "34e8".into()]).event()),
        ("empty list", Ask::add("vip", &[]).event()),
        ("empty tag", native("").event()),
        ("long tag", native(&"x".repeat(201)).event()),
        ("control character", native("a\u{7}").event()),
        ("10,001 machines", Ask::add("vip", &machines(0..10_001)).event()),
        ("more than 1 MiB", Ask::raw(&" ".repeat(1024 * 1024 + 1)).event()),
        ("wrong content type", native("vip").header("content-type", "text/plain").event()),
        ("long idempotency key", native("vip").key(&"k".repeat(256)).event()),
        ("tab in an idempotency key", native("vip").key("case\t1").event()),
        ("invalid UTF-8", invalid_utf8),
        ("wrong base64", local::events::load("wrong-base64.json").unwrap()),
        ("no key", native("vip").header("authorization", "Basic x").event()),
        ("wrong key", native("vip").bearer("not-the-key").event()),
        ("unknown route", get("/v2/tag-requests").event()),
        ("unknown method", local::events::load("method-not-allowed.json").unwrap()),
        ("not a request's id", get("/v1/tag-requests/7").event()),
    ];
    let mut shown = Vec::new();
    for (name, event) in cases {
        shown.push(format!("{name}\n  {}", fixture.play(event).await.problem()));
    }
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!((fixture.calls(), fixture.budget().await["backlog"]["requests"].as_u64()), (0, Some(0)));
}

#[tokio::test]
async fn a_problem_says_how_to_verify_and_which_methods_there_are() {
    let fixture = Fixture::new().await;
    let unverified = get("/v1/budget").bearer("x").send(&fixture).await;
    assert_eq!(unverified.headers["www-authenticate"], "Bearer");
    let event = local::events::load("method-not-allowed.json").unwrap();
    assert!(fixture.play(event).await.headers["allow"].is_string());
}

#[tokio::test]
async fn health_needs_no_key_and_touches_nothing_outside() {
    let fixture = Fixture::new().await;
    let answer = get("/v1/health").header("authorization", "").send(&fixture).await;
    assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("ok")));
    assert_eq!((fixture.calls(), fixture.simulator().token_requests()), (0, 0));
}

#[tokio::test]
async fn ten_thousand_machines_are_one_request() {
    let fixture = Fixture::new().await;
    let answer = Ask::add("vip", &machines(0..10_000)).bearer(KEY).send(&fixture).await;
    assert_eq!((answer.status, answer.count("applied"), fixture.calls()), (200, 10_000, 20));
}
