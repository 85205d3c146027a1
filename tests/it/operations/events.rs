use local::events;
use serde_json::json;

use crate::support::{Ask, Fixture};

#[tokio::test]
async fn every_file_of_events_is_answered_as_its_table_says() {
    let fixture = Fixture::new().await;
    for described in events::described().unwrap() {
        let answer = fixture.play_any(fixture.ready(&described.file)).await;
        let status = answer["statusCode"].as_u64();
        assert_eq!(status, described.status.map(u64::from), "{}: {answer}", described.file);
        let body = answer["body"].as_str().unwrap_or_default();
        for part in described.in_body {
            assert!(body.contains(&part), "{}: {part} is not in {body}", described.file);
        }
        fixture.app().relays.until_idle().await;
    }
}

#[tokio::test]
async fn every_file_of_events_is_described() {
    let described: Vec<_> = events::described().unwrap().into_iter().map(|known| known.file).collect();
    for (folder, before) in [(events::folder(), ""), (events::folder().join("hooks"), "hooks/")] {
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = format!("{before}{}", entry.unwrap().file_name().into_string().unwrap());
            let other = ["README.md", "sources.json", "hooks"].contains(&name.as_str());
            assert!(other || described.contains(&name), "{name} is not in events/README.md");
        }
    }
}

#[tokio::test]
async fn the_kinds_of_http_events_all_reach_the_same_routes() {
    let fixture = Fixture::new().await;
    for file in ["add.json", "add-rest.json", "add-function-url.json", "base64-body.json"] {
        let answer = fixture.play(events::load(file).unwrap()).await;
        assert_eq!((answer.status, answer.body["status"].as_str()), (200, Some("done")), "{file}");
    }
}

#[tokio::test]
async fn a_stage_before_the_path_is_no_part_of_the_route() {
    let fixture = Fixture::new().await;
    let mut event = events::load("budget.json").unwrap();
    event["requestContext"]["stage"] = "prod".into();
    event["rawPath"] = "/prod/v1/budget".into();
    assert_eq!(fixture.play(event).await.status, 200);
}

#[tokio::test]
async fn a_base_path_of_an_own_domain_is_no_part_of_the_route_in_any_kind_of_event() {
    let fixture = Fixture::new().await;
    for (file, stage, path) in [
        ("add.json", "$default", "/relay/v1/tag-requests"),
        ("add.json", "v1", "/v1/tag-requests"),
        ("add.json", "v1", "/v1/v1/tag-requests"),
        ("add-rest.json", "prod", "/relay/v1/tag-requests"),
        ("add-rest.json", "prod", "/prod/v1/tag-requests"),
    ] {
        let mut event = events::load(file).unwrap();
        event["requestContext"]["stage"] = stage.into();
        let field = if file == "add.json" { "rawPath" } else { "path" };
        event[field] = path.into();
        assert_eq!(fixture.play(event).await.status, 200, "{file} {stage} {path}");
    }
}

#[tokio::test]
async fn an_odd_query_host_or_path_is_answered_like_any_other() {
    let fixture = Fixture::new().await;
    for file in ["add.json", "add-rest.json"] {
        let odd = [
            ("rawQueryString", json!("a=b c\"{}^\u{7f}é")),
            ("multiValueQueryStringParameters", json!({ "a b": ["\"", "é"] })),
            ("queryStringParameters", json!({ "a b": "\"" })),
        ];
        let mut event = events::load(file).unwrap();
        for (field, value) in odd {
            event[field] = value;
        }
        for host in ["a host:no-port", "[", "http://a", ""] {
            event["requestContext"]["domainName"] = host.into();
            let (host_name, proto_name) = if file == "add.json" {
                ("host", "x-forwarded-proto")
            } else {
                ("Host", "X-Forwarded-Proto")
            };
            event["headers"][host_name] = host.into();
            event["headers"][proto_name] = "https,http".into();
            if let Some(lists) = event.get_mut("multiValueHeaders") {
                lists[host_name] = json!([host, host]);
                lists[proto_name] = json!(["https", "1"]);
            }
            assert_eq!(fixture.play(event.clone()).await.status, 200, "{file} {host}");
        }
        let field = if file == "add.json" { "rawPath" } else { "path" };
        let paths = ["", "v1/tag-requests", "@:x", "/v2/a b\"{}é?#", "//x:y/", "\\"];
        for path in paths.map(str::to_owned).into_iter().chain(["/".repeat(70_000)]) {
            event[field] = path.into();
            assert_eq!(fixture.play(event.clone()).await.status, 404, "{file} {}", event[field]);
        }
    }
}

#[tokio::test]
async fn a_header_that_came_twice_proves_nothing_in_any_kind_of_event() {
    let fixture = Fixture::new().await;
    let load = |file: &str| events::load(file).unwrap();
    let key = "Bearer this-key-opens-only-the-simulator";
    let mut rest = load("add-rest.json");
    rest["multiValueHeaders"]["Authorization"] = json!([key, key]);
    let mut http = load("add.json");
    http["headers"]["authorization"] = format!("{key},{key}").into();
    for event in [rest, http] {
        assert_eq!(fixture.play(event).await.status, 401);
    }
    let mut rest = load("add-rest.json");
    rest["headers"]["Idempotency-Key"] = "b".into();
    rest["multiValueHeaders"]["Idempotency-Key"] = json!(["a", "b"]);
    let mut http = load("add.json");
    http["headers"]["idempotency-key"] = "a,b".into();
    for event in [rest, http] {
        let answer = fixture.play(event).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some("invalid_idempotency_key")));
    }
    let mut signed = load("add-rest.json");
    let hook = Ask::of_file("pagerduty", &fixture);
    let signature = hook.of_header("x-pagerduty-signature");
    signed["path"] = hook.path().into();
    signed["body"] = hook.body().into();
    for (signatures, status) in [(json!([signature]), 202), (json!([signature, signature]), 401)] {
        signed["multiValueHeaders"]["X-PagerDuty-Signature"] = signatures;
        assert_eq!(fixture.play(signed.clone()).await.status, status);
    }
    fixture.app().relays.until_idle().await;
    assert_eq!(fixture.calls(), 1);
}

#[tokio::test]
async fn an_event_of_no_known_kind_fails() {
    let fixture = Fixture::new().await;
    let error = events::play(fixture.app(), serde_json::json!({ "Records": [] })).await.unwrap_err();
    assert!(error.to_string().contains("no known kind"), "{error}");
}
