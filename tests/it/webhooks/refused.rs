//! Webhooks that must do nothing: every fault, its answer, and no call.

use serde_json::json;

use crate::support::{Answer, Ask, Fixture, machine, machines};

const SIGNED: [(&str, &str); 7] = [
    ("grafana", "x-grafana-alerting-signature"),
    ("grafana-undated", "x-grafana-alerting-signature"),
    ("pagerduty", "x-pagerduty-signature"),
    ("tines", "webhook-signature"),
    ("shuffle", "x-signature"),
    ("runbook", "x-hub-signature-256"),
    ("splunk-observability", "x-sfx-signature"),
];
const DATED: [(&str, &str); 3] =
    [("grafana", "x-grafana-alerting-timestamp"), ("tines", "webhook-timestamp"), ("shuffle", "x-timestamp")];
const WITH_SECRET: [(&str, &str); 6] = [
    ("elastic", "authorization"),
    ("alertmanager", "authorization"),
    ("datadog", "x-relay-key"),
    ("graylog", "x-api-key"),
    ("eventbridge", "x-api-key"),
    ("sumo-logic", "authorization"),
];

/// Sends it and checks that it was refused as unverified and left no trace.
async fn is_not_verified(fixture: &Fixture, ask: &Ask, why: &str) -> Answer {
    let answer = ask.send(fixture).await;
    assert_eq!(
        (answer.status, answer.body["code"].as_str()),
        (401, Some("not_verified")),
        "{why}: {answer:?}"
    );
    answer
}

async fn nothing_was_done(fixture: &Fixture) {
    fixture.app().relays.until_idle().await;
    let report = fixture.app().relays.first().report().await.unwrap();
    assert_eq!((fixture.calls(), report.backlog.requests), (0, 0));
    let items = fixture.everything_revealed();
    assert!(
        ["request#", "delivery#", "unfit#"].iter().all(|kind| !items.contains(kind)),
        "no item was written"
    );
}

#[tokio::test]
async fn a_signature_that_is_not_right_verifies_nothing() {
    let fixture = Fixture::new().await;
    for (file, header) in SIGNED {
        let good = Ask::of_file(file, &fixture);
        let signature = good.of_header(header);
        let changed = good.body().replacen("443d5d95", "deadbeef", 1).replacen("9b1c44e0", "deadbeef", 1);
        assert_ne!(changed, good.body());
        is_not_verified(&fixture, &good.clone().with_body(&changed), &format!("{file}: changed body")).await;
        is_not_verified(&fixture, &good.clone().with_body(&format!("{} ", good.body())), "a space more")
            .await;
        is_not_verified(&fixture, &good.clone().with_body(""), &format!("{file}: no body")).await;
        is_not_verified(&fixture, &good.clone().without(header), &format!("{file}: no signature")).await;
        let wrong = [
            signature[..signature.len() - 2].to_owned(),
            signature[..signature.len() / 2].to_owned(),
            format!("{signature}00"),
            format!("{signature}{signature}"),
            signature.replacen('=', "", 1).chars().rev().collect(),
            String::new(),
            "v1,".into(),
            "v1=".into(),
            "sha256=".into(),
            [signature.as_str(); 9].join(","),
            [signature.as_str(); 9].join(" "),
        ];
        for text in wrong {
            is_not_verified(&fixture, &good.clone().header(header, &text), &format!("{file}: {text}")).await;
        }
    }
    nothing_was_done(&fixture).await;
}

#[tokio::test]
async fn a_time_that_is_not_the_signed_one_or_too_far_away_verifies_nothing() {
    let fixture = Fixture::new().await;
    let now = fixture.app().clock().now();
    for (file, header) in DATED {
        let good = Ask::of_file(file, &fixture);
        let later = (now.second() + 1).to_string();
        for text in [later.as_str(), "", "soon", "-1", "99999999999999999999"] {
            is_not_verified(&fixture, &good.clone().header(header, text), &format!("{file}: {text}")).await;
        }
        is_not_verified(&fixture, &good.clone().without(header), file).await;
        for seconds in [-301, 301, -86_400] {
            let stale = Ask::hook(file, good.body()).signed_at(&fixture, now.plus_ms(seconds * 1000));
            let answer = is_not_verified(&fixture, &stale, file).await;
            assert!(answer.body["detail"].as_str().unwrap().contains("the signature is right"), "{answer:?}");
        }
    }
    nothing_was_done(&fixture).await;
    for (file, _) in DATED {
        for seconds in [-300, 300] {
            let body = format!(
                "{}{}",
                Ask::of_file(file, &fixture).body(),
                " ".repeat(1 + usize::from(seconds > 0))
            );
            let near = Ask::hook(file, &body).signed_at(&fixture, now.plus_ms(seconds * 1000));
            assert!([200, 202].contains(&near.send(&fixture).await.status), "{file}: {seconds}");
        }
    }
}

#[tokio::test]
async fn a_secret_that_is_not_the_sources_verifies_nothing() {
    let fixture = Fixture::new().await;
    for (file, header) in WITH_SECRET {
        let good = Ask::of_file(file, &fixture);
        let secret = good.of_header(header);
        let wrong = [
            secret[..secret.len() - 1].to_owned(),
            format!("{secret}0"),
            format!("{secret},{secret}"),
            secret.to_uppercase(),
            secret.split(' ').next_back().unwrap().to_owned() + " ",
            "Basic Og==".into(),
            "Bearer ".into(),
            String::new(),
        ];
        for text in wrong.iter().filter(|text| text.trim() != secret) {
            is_not_verified(&fixture, &good.clone().header(header, text), &format!("{file}: {text}")).await;
        }
        is_not_verified(&fixture, &good.clone().without(header), file).await;
    }
    nothing_was_done(&fixture).await;
}

#[tokio::test]
async fn a_token_in_the_path_is_the_sources_own_or_verifies_nothing() {
    let fixture = Fixture::new().await;
    for file in ["splunk", "wazuh", "azure-monitor"] {
        let good = Ask::of_file(file, &fixture);
        let short = good.path()[..good.path().len() - 1].to_owned();
        for path in [short, format!("{}0", good.path()), format!("/v1/hooks/{file}")] {
            is_not_verified(&fixture, &good.clone().at_path(&path), &path).await;
        }
    }
    let needless = format!("/v1/hooks/pagerduty/{}", "x".repeat(30));
    is_not_verified(&fixture, &Ask::of_file("pagerduty", &fixture).at_path(&needless), "a needless token")
        .await;
    nothing_was_done(&fixture).await;
}

#[tokio::test]
async fn the_proof_of_one_source_opens_no_other_and_nobody_learns_which_there_are() {
    let fixture = Fixture::new().await;
    let mut answers = Vec::new();
    let others =
        ["splunk", "grafana", "pagerduty", "tines", "runbook", "datadog", "elastic", "nobody", "PagerDuty"];
    for file in ["grafana-undated", "shuffle", "datadog", "elastic", "alertmanager"] {
        for other in others.iter().filter(|other| **other != file) {
            let ask = Ask::of_file(file, &fixture).at_path(&format!("/v1/hooks/{other}"));
            let answer = is_not_verified(&fixture, &ask, &format!("{file} as {other}")).await;
            answers.push(answer.problem());
        }
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "an unknown source and a wrong key look alike: {answers:?}");
    nothing_was_done(&fixture).await;
}

#[tokio::test]
async fn the_log_says_what_the_answer_does_not() {
    let fixture = Fixture::new().await;
    let cases = [
        (Ask::hook("nobody", "{}"), "no source of this name"),
        (Ask::hook("pagerduty", "{}"), "the header x-pagerduty-signature is missing"),
        (Ask::of_file("pagerduty", &fixture).with_body("{}"), "no signature is right"),
        (Ask::hook("splunk", "{}"), "the address has no token"),
    ];
    for (ask, reason) in cases {
        is_not_verified(&fixture, &ask, reason).await;
        assert!(fixture.witness.lines.text().contains(reason), "{reason}");
    }
}

#[tokio::test]
async fn a_header_that_is_there_twice_verifies_nothing() {
    use defender_tag_relay::inbound::{Sources, Unverified, Verified};
    let fixture = Fixture::new().await;
    let sources = Sources::parse(&fixture.loopback.variables["SOURCES"]).unwrap();
    let now = fixture.app().clock().now();
    for (file, header) in SIGNED.into_iter().chain(WITH_SECRET) {
        let request = Ask::of_file(file, &fixture).request();
        let mut head = request.headers().clone();
        let body = request.into_body();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let source = sources.find(file).unwrap();
        let unverified = Unverified::new(head.clone(), body.clone());
        assert!(Verified::by_scheme(&unverified, source, now).is_ok(), "{file}");
        let again = head[header].clone();
        head.append(axum::http::HeaderName::from_static(header), again);
        let unverified = Unverified::new(head, body);
        assert!(Verified::by_scheme(&unverified, source, now).is_err(), "{file}");
    }
}

fn source(read: &serde_json::Value, tags: &[&str]) -> String {
    let allow = json!({ "tags": tags, "actions": ["Add"], "machines": 3 });
    let verify = json!({ "scheme": "github", "secrets": ["this-key-signs-only-in-this-test"] });
    json!({ "sources": [{ "name": "a", "verify": verify, "read": read, "allow": allow }] }).to_string()
}

#[tokio::test]
async fn a_webhook_may_only_what_its_sources_policy_says_whole_or_not_at_all() {
    let read =
        json!({ "machines": ["$.machines"], "tag": { "from": ["$.tags"] }, "action": { "from": ["$.do"] } });
    let fixture = Fixture::with([("SOURCES", &source(&read, &["ir-*"]))]).await;
    let cases = [
        (json!({ "machines": [machine(1)], "tags": "vip", "do": "Add" }), 403, "tag_not_allowed"),
        (json!({ "machines": [machine(1)], "tags": ["ir-1", "vip"], "do": "Add" }), 403, "tag_not_allowed"),
        (json!({ "machines": [machine(1)], "tags": "ir-1", "do": "Remove" }), 403, "action_not_allowed"),
        (json!({ "machines": machines(0..4), "tags": "ir-1", "do": "Add" }), 403, "machines_not_allowed"),
        (
            json!({ "machines": machines(0..2), "tags": ["ir-1", "ir-2"], "do": "Add" }),
            403,
            "machines_not_allowed",
        ),
        (json!({ "machines": [machine(1)], "tags": "ir-1", "do": "add" }), 400, "invalid_field"),
        (json!({ "machines": [machine(1)], "do": "Add" }), 400, "invalid_field"),
        (json!({ "machines": "PC1", "tags": "ir-1", "do": "Add" }), 422, "no_machine_id"),
    ];
    for (body, status, code) in cases {
        let answer = Ask::hook("a", &body.to_string()).signed(&fixture).send(&fixture).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (status, Some(code)), "{body}: {answer:?}");
    }
    nothing_was_done(&fixture).await;
}

#[tokio::test]
async fn a_body_that_cannot_be_read_is_told_where_it_goes_wrong() {
    let fixture = Fixture::new().await;
    let mut shown = Vec::new();
    let many_rows = |rows: usize| json!({ "alerts": vec![json!({ "status": "firing" }); rows] }).to_string();
    let ids: Vec<_> = machines(0..10_001);
    let cases = [
        ("elastic", "{\"machines\": [\"443d\"],}".to_owned()),
        ("elastic", "{\"machines\": [\"443d\"".into()),
        ("elastic", json!({ "tag": "watch-1", "host": { "name": "PC1" } }).to_string()),
        ("elastic", "[".repeat(200)),
        ("elastic", json!({ "tag": "watch-1", "machines": ids }).to_string()),
        ("alertmanager", many_rows(1001)),
        ("alertmanager", many_rows(2)),
        ("sumo-logic", json!({ "results": "[{\"DeviceId\":" }).to_string()),
        ("splunk", json!({ "result": { "dest": "PC-0042" } }).to_string()),
        ("pagerduty", json!({ "event": { "id": "1", "event_type": "incident.triggered" } }).to_string()),
        ("tines", json!({ "Value": "contain-1", "Action": "Add", "MachineIds": [7] }).to_string()),
    ];
    for (name, body) in cases {
        let answer = Ask::hook(name, &body).signed(&fixture).send(&fixture).await;
        let short: String = body.chars().take(60).collect();
        let said = if answer.status == 202 { answer.body["problem"].to_string() } else { answer.problem() };
        shown.push(format!("{name} {short}\n  {} {said}", answer.status));
    }
    insta::assert_snapshot!(shown.join("\n"));
    assert_eq!(fixture.calls(), 0);
}

#[tokio::test]
async fn only_different_machines_count_towards_a_webhooks_limit() {
    let fixture = Fixture::with([("MACHINES_PER_REQUEST", "2")]).await;
    let rows = |ids: &[String]| {
        let row = |id: &String| {
            json!({ "status": "firing", "fingerprint": id, "startsAt": "2026-11-24T10:00:00Z",
                    "labels": { "machine_id": id, "defender_tag": "contain-lab" } })
        };
        let body = json!({ "groupKey": "g", "alerts": ids.iter().map(row).collect::<Vec<_>>() });
        Ask::hook("alertmanager", &body.to_string()).signed(&fixture)
    };
    assert_eq!(rows(&machines(0..3)).send(&fixture).await.status, 413);
    let doubled = [machines(0..2), machines(0..2)].concat();
    let answer = rows(&doubled).header("prefer", "wait=20").send(&fixture).await;
    assert_eq!((answer.status, answer.count("applied")), (200, 2), "{answer:?}");
    assert_eq!(Ask::add("vip", &doubled).send(&fixture).await.status, 200);
    assert_eq!(Ask::add("vip", &machines(0..3)).send(&fixture).await.status, 413);
}

#[tokio::test]
async fn a_byte_order_mark_is_verified_and_then_dropped() {
    let fixture = Fixture::new().await;
    let body = format!("\u{feff}{}", Ask::of_file("runbook", &fixture).body());
    assert_eq!(Ask::hook("runbook", &body).signed(&fixture).send(&fixture).await.status, 202);
}

#[tokio::test]
async fn size_and_kind_are_looked_at_first() {
    let fixture = Fixture::new().await;
    let large = Ask::hook("pagerduty", &" ".repeat(1024 * 1024 + 1)).signed(&fixture);
    assert_eq!(large.send(&fixture).await.status, 413);
    let text = Ask::of_file("wazuh", &fixture).header("content-type", "text/plain");
    assert_eq!(text.send(&fixture).await.status, 415);
    let looked = Ask::of_file("wazuh", &fixture);
    let event = looked.event();
    let mut get = event.clone();
    get["requestContext"]["http"]["method"] = "GET".into();
    assert_eq!(fixture.play(get).await.status, 405);
    nothing_was_done(&fixture).await;
}
