//! Deliveries that arrive again: repeats by their senders, and copies by an attacker.

use serde_json::json;

use crate::support::{Ask, Fixture, machine};

const DAY_S: i64 = 86_400;

/// Events of senders that have an id of their own, or whose signature tells them apart.
const TOLD_APART: [&str; 13] = [
    "elastic",
    "alertmanager-resolved",
    "grafana",
    "grafana-undated",
    "datadog",
    "pagerduty",
    "graylog",
    "wazuh",
    "eventbridge",
    "tines",
    "shuffle",
    "runbook",
    "splunk-observability",
];

#[tokio::test]
async fn the_same_delivery_again_gives_the_first_request_and_nothing_is_done_twice() {
    for file in TOLD_APART {
        let fixture = Fixture::new().await;
        let ask = Ask::of_file(file, &fixture);
        let first = ask.send(&fixture).await;
        fixture.app().relays.until_idle().await;
        let calls = fixture.calls();
        let again = ask.send(&fixture).await;
        assert_eq!((again.status, again.id(), calls), (200, first.id(), 1), "{file}: {again:?}");
        assert_eq!(fixture.calls(), 1, "{file}");
    }
}

/// With the trigger `For each result` Splunk sends each row by itself, all with the `sid` of the search.
#[tokio::test]
async fn each_row_of_a_splunk_search_is_a_request() {
    let fixture = Fixture::new().await;
    for row in 0..3 {
        let body = json!({ "sid": "scheduler__admin__search__one", "result": { "DeviceId": machine(row) } });
        let answer = Ask::hook("splunk", &body.to_string()).signed(&fixture).send(&fixture).await;
        assert_eq!(answer.status, 202, "{row}: {answer:?}");
    }
    fixture.app().relays.until_idle().await;
    assert!((0..3).all(|row| fixture.carries(&machine(row), "contain-splunk")));
}

#[tokio::test]
async fn a_header_that_tells_nothing_apart_is_not_looked_at() {
    let fixture = Fixture::new().await;
    let answer = Ask::of_file("runbook", &fixture).key("a,b").send(&fixture).await;
    assert_eq!(answer.status, 202, "its signature tells it apart: {answer:?}");
    let answer = Ask::of_file("wazuh", &fixture).key("a,b").send(&fixture).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (400, Some("invalid_idempotency_key")));
}

#[tokio::test]
async fn fifty_copies_at_once_are_one_request() {
    let fixture = Fixture::new().await;
    for file in ["runbook", "pagerduty", "tines"] {
        let ask = Ask::of_file(file, &fixture);
        let before = fixture.calls();
        let answers = futures_util::future::join_all((0..50).map(|_| ask.send(&fixture))).await;
        assert!(answers.iter().all(|answer| answer.id() == answers[0].id()), "{file}");
        fixture.app().relays.until_idle().await;
        assert_eq!(fixture.calls() - before, 1, "{file}");
    }
}

#[tokio::test]
async fn another_event_is_another_request() {
    let fixture = Fixture::new().await;
    for file in TOLD_APART {
        let one = Ask::of_file(file, &fixture);
        fixture.pass_s(1);
        let other = Ask::of_file(file, &fixture);
        assert_ne!(one.send(&fixture).await.id(), other.send(&fixture).await.id(), "{file}");
    }
}

#[tokio::test]
async fn a_copy_with_another_idempotency_key_is_still_the_same_delivery() {
    let fixture = Fixture::new().await;
    for file in ["runbook", "pagerduty", "tines", "shuffle"] {
        let ask = Ask::of_file(file, &fixture);
        let first = ask.clone().key("the-first-key-of-a-copy").send(&fixture).await;
        let copy = ask.key("another-key-of-a-copy").send(&fixture).await;
        assert_eq!(copy.id(), first.id(), "{file}");
    }
}

#[tokio::test]
async fn a_copy_of_a_dated_delivery_is_refused_once_its_time_is_up() {
    let fixture = Fixture::new().await;
    for file in ["tines", "shuffle", "grafana"] {
        let ask = Ask::of_file(file, &fixture);
        ask.send(&fixture).await;
        fixture.pass_s(301);
        let copy = ask.send(&fixture).await;
        assert_eq!((copy.status, copy.body["code"].as_str()), (401, Some("not_verified")), "{file}");
    }
}

#[tokio::test]
async fn a_copy_of_an_event_with_its_time_in_the_body_is_refused_while_its_request_is_still_kept() {
    let fixture = Fixture::new().await;
    let ask = Ask::of_file("pagerduty", &fixture);
    ask.send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.pass_s(49 * 3600);
    assert_eq!(ask.send(&fixture).await.status, 200, "PagerDuty itself repeats for 48 hours");
    fixture.pass_s(2 * 3600);
    let copy = ask.send(&fixture).await;
    assert_eq!(copy.body["problem"]["code"], "event_too_old");
    assert_eq!(fixture.calls(), 1);
}

/// The engine deletes what has expired only now and then; a request's item is deleted here as it would be.
fn forget_requests(fixture: &Fixture) {
    use simulator::dynamodb::Engine;
    let engine: &Engine = &fixture.loopback.engine;
    let scan = json!({ "TableName": local::loopback::TABLE });
    let scanned = engine.database().scan(serde_json::from_value(scan).unwrap()).unwrap();
    for item in serde_json::to_value(&scanned).unwrap()["Items"].as_array().unwrap() {
        if item["sk"]["S"].as_str().unwrap().starts_with("request#") {
            let delete =
                json!({ "TableName": local::loopback::TABLE, "Key": { "pk": item["pk"], "sk": item["sk"] } });
            engine.database().delete_item(serde_json::from_value(delete).unwrap()).unwrap();
        }
    }
}

#[tokio::test]
async fn a_copy_of_an_undated_delivery_is_still_known_when_its_request_is_forgotten() {
    let fixture = Fixture::new().await;
    for file in ["runbook", "grafana-undated", "splunk-observability"] {
        let ask = Ask::of_file(file, &fixture);
        let before = fixture.calls();
        ask.send(&fixture).await;
        fixture.app().relays.until_idle().await;
        for days in [8, 300] {
            fixture.pass_s(days * DAY_S);
            forget_requests(&fixture);
            let copy = ask.send(&fixture).await;
            assert_eq!((copy.status, &copy.body["status"]), (200, &json!("ignored")), "{file}, {days} days");
        }
        assert_eq!(fixture.calls() - before, 1, "{file}");
    }
}

#[tokio::test]
async fn a_delivery_that_was_remembered_and_not_accepted_is_taken_when_it_is_sent_again() {
    let fixture = Fixture::new().await;
    let ask = Ask::of_file("runbook", &fixture);
    ask.send(&fixture).await;
    fixture.app().relays.until_idle().await;
    // As if the process had ended between the two writes.
    forget_requests(&fixture);
    fixture.pass_s(3600);
    assert_eq!(ask.send(&fixture).await.status, 202);
}

#[tokio::test]
async fn the_same_event_with_other_machines_is_refused() {
    let fixture = Fixture::new().await;
    let ask = Ask::of_file("datadog", &fixture);
    ask.send(&fixture).await;
    let other = ask.body().replacen("443d5d95", "543d5d95", 1);
    let answer = Ask::hook("datadog", &other).signed(&fixture).send(&fixture).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("idempotency_key_reused")));
}

#[tokio::test]
async fn an_alert_that_fires_again_after_it_was_resolved_is_a_new_event() {
    let fixture = Fixture::new().await;
    let fired = Ask::of_file("alertmanager", &fixture).header("prefer", "wait=20").send(&fixture).await;
    fixture.pass_s(600);
    let again = Ask::of_file("alertmanager", &fixture).header("prefer", "wait=20").send(&fixture).await;
    assert_ne!(fired.body["requests"][1]["id"], again.body["requests"][1]["id"]);
}

#[tokio::test]
async fn alerts_in_another_order_are_the_same_event() {
    let fixture = Fixture::new().await;
    let ask = Ask::of_file("alertmanager", &fixture).header("prefer", "wait=20");
    let first = ask.send(&fixture).await;
    let mut body: serde_json::Value = serde_json::from_str(ask.body()).unwrap();
    body["alerts"].as_array_mut().unwrap().reverse();
    let again = Ask::hook("alertmanager", &body.to_string()).signed(&fixture).send(&fixture).await;
    let ids = |answer: &crate::support::Answer| {
        answer.body["requests"].as_array().unwrap().iter().map(|one| one["id"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(ids(&first), ids(&again));
}
