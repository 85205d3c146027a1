//! Webhooks in their senders' own formats, from the handler to the simulator.

use serde_json::{Value, json};

use crate::support::{Ask, Fixture, get, machine};

const PC_42: &str = "443d5d95ea55098a1f2f5f5c3f8d1f1fedb47370";
const PC_43: &str = "162c9c14e88a8c82622d17428ea4d9124a01c0bf";
const PC_44: &str = "0f2b7c1de34a5968c7d0e1f2a3b4c5d6e7f80912";
const PC_45: &str = "9b1c44e0d7f3a2685b7e6d5c4f3a2b1c0d9e8f70";

/// Each sender's event, the tag it sets, and the machines that carry it afterwards.
const SENDERS: [(&str, &str, &[&str]); 18] = [
    ("splunk", "contain-splunk", &[PC_42, PC_43]),
    ("elastic", "watch-credentials", &[PC_42, PC_43]),
    ("alertmanager", "contain-lab", &[PC_42, PC_43]),
    ("grafana", "contain-grafana", &[PC_42, PC_45]),
    ("grafana-undated", "contain-grafana", &[PC_42]),
    ("datadog", "contain-datadog", &[PC_42, PC_43]),
    ("pagerduty", "contain-pagerduty", &[PC_42]),
    ("graylog", "contain-graylog", &[PC_42]),
    ("wazuh", "contain-wazuh", &[PC_42]),
    ("sentinel", "contain-sentinel", &[PC_42]),
    ("sentinel-flattened", "contain-sentinel", &[PC_42, PC_43]),
    ("azure-monitor", "contain-azure", &[PC_42]),
    ("eventbridge", "contain-aws", &[PC_42]),
    ("sumo-logic", "contain-sumo", &[PC_42, PC_43, PC_44, PC_45]),
    ("tines", "contain-tines", &[PC_42, PC_43]),
    ("shuffle", "contain-shuffle", &[PC_42, PC_43, PC_44]),
    ("runbook", "contain-runbook", &[PC_45]),
    ("splunk-observability", "contain-o11y", &[PC_42]),
];

#[tokio::test]
async fn each_senders_event_sets_its_tag_on_its_machines_and_on_no_other() {
    for (file, tag, carrying) in SENDERS {
        let fixture = Fixture::new().await;
        let answer = Ask::of_file(file, &fixture).send(&fixture).await;
        assert!([200, 202].contains(&answer.status), "{file}: {answer:?}");
        fixture.app().relays.until_idle().await;
        for machine in [PC_42, PC_43, PC_44, PC_45] {
            assert_eq!(fixture.carries(machine, tag), carrying.contains(&machine), "{file}: {machine}");
        }
        let tagged = fixture.simulator().machines().into_iter().filter(|(_, tags)| !tags.is_empty());
        assert_eq!(tagged.count(), carrying.len(), "{file}: no other machine, no other tag");
    }
}

#[tokio::test]
async fn a_webhook_is_answered_as_soon_as_it_is_durable_whatever_defender_does() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    for (file, _, _) in SENDERS.iter().filter(|(file, _, _)| *file != "tines") {
        let answer = Ask::of_file(file, &fixture).send(&fixture).await;
        assert_eq!(answer.status, 202, "{file}");
        let place = answer.headers["location"].as_str().unwrap_or_default();
        assert!(place.starts_with("/v1/tag-requests/"), "{file}");
    }
    fixture.app().relays.until_idle().await;
    fixture.simulator().switch(|s| s.down = false);
    fixture.pass_s(600);
    fixture.schedule_until_empty().await;
    assert!(fixture.carries(PC_42, "contain-pagerduty"));
}

#[tokio::test]
async fn a_webhook_waits_for_its_outcome_where_it_or_its_source_asks_for_that() {
    let fixture = Fixture::new().await;
    let preferred = Ask::of_file("wazuh", &fixture).header("prefer", "wait=20").send(&fixture).await;
    assert_eq!((preferred.status, preferred.outcome(0)), (200, "applied"));
    let by_its_source = Ask::of_file("tines", &fixture).send(&fixture).await;
    assert_eq!((by_its_source.status, by_its_source.count("applied")), (200, 2));
}

#[tokio::test]
async fn a_resolved_alert_takes_the_tag_off_where_its_source_asks_for_that() {
    let fixture = Fixture::new().await;
    for file in ["pagerduty", "pagerduty-resolved"] {
        Ask::of_file(file, &fixture).send(&fixture).await;
        fixture.app().relays.until_idle().await;
        assert_eq!(fixture.carries(PC_42, "contain-pagerduty"), file == "pagerduty");
    }
}

#[tokio::test]
async fn a_resolved_alert_does_nothing_where_its_source_does_not_ask_for_it() {
    let fixture = Fixture::new().await;
    let closed = json!({ "AlertId": "1", "status": "Resolved", "Hosts": [{ "MdatpDeviceId": PC_42 }] });
    let answer = Ask::hook("sentinel", &closed.to_string()).signed(&fixture).send(&fixture).await;
    assert_eq!((answer.status, &answer.body["status"], fixture.calls()), (200, &json!("ignored"), 0));
    assert!(answer.body["reason"].as_str().unwrap().contains("on_resolved"), "{answer:?}");
}

#[tokio::test]
async fn a_machine_with_one_alert_resolved_and_another_firing_keeps_its_tag() {
    let fixture = Fixture::new().await;
    let alert = |status: &str, name: &str| {
        json!({ "status": status, "fingerprint": name, "startsAt": "2026-11-24T10:00:00Z",
                "labels": { "machine_id": PC_42, "defender_tag": "contain-lab", "alertname": name } })
    };
    let body = json!({ "groupKey": "g", "status": "firing", "alerts": [alert("firing", "a"), alert("resolved", "b")] });
    let answer = Ask::hook("alertmanager", &body.to_string()).signed(&fixture).send(&fixture).await;
    assert_eq!(answer.body["requests"].as_array().map(Vec::len), Some(2), "{answer:?}");
    fixture.app().relays.until_idle().await;
    assert!(fixture.carries(PC_42, "contain-lab"));
}

#[tokio::test]
async fn a_delivery_of_several_requests_shows_each_and_each_can_be_looked_up() {
    let fixture = Fixture::new().await;
    let answer = Ask::of_file("alertmanager", &fixture).header("prefer", "wait=20").send(&fixture).await;
    assert_eq!((answer.status, &answer.body["status"]), (200, &json!("done")));
    let key = bearer_of(&fixture, "alertmanager");
    for request in answer.body["requests"].as_array().unwrap() {
        let path = format!("/v1/tag-requests/{}", request["id"].as_str().unwrap());
        assert_eq!(get(&path).bearer(&key).send(&fixture).await.body, *request);
    }
    let actions: Vec<_> =
        answer.body["requests"].as_array().unwrap().iter().map(|one| &one["action"]).collect();
    assert_eq!(actions, [&json!("Remove"), &json!("Add")]);
}

fn bearer_of(fixture: &Fixture, name: &str) -> String {
    let sources: Value = serde_json::from_str(&fixture.loopback.variables["SOURCES"]).unwrap();
    local::sources::find(&sources, name).unwrap()["verify"]["secrets"][0].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_can_never_succeed_is_accepted_all_the_same_where_its_source_asks_for_that() {
    let fixture = accepting_fixture().await;
    let send = async |body: &str| Ask::hook("a", body).signed(&fixture).send(&fixture).await;
    let answer = send("{\"host\": \"PC1\"}").await;
    assert_eq!((answer.status, &answer.body["problem"]["code"]), (202, &json!("no_machine_id")));
    let looked = answer.now_as(&fixture, "this-key-opens-the-source-a").await;
    assert_eq!((looked.status, &looked.body), (200, &answer.body));
    assert_eq!(get(&format!("/v1/tag-requests/{}", answer.id())).send(&fixture).await.status, 404, "not b's");

    let codes = [("{", "malformed_json"), ("{\"machines\": \"\", \"tag\": 1}", "no_machine_id")];
    for (body, code) in codes {
        let answer = send(body).await;
        assert_eq!((answer.status, &answer.body["problem"]["code"]), (202, &json!(code)), "{body}");
    }
    let denied = json!({ "machines": [machine(1)], "tag": "admin" }).to_string();
    assert_eq!(send(&denied).await.body["problem"]["code"], "tag_not_allowed");
    assert_eq!(send("{\"host\": \"PC1\"}").await.id(), answer.id(), "the same again is the same");
    assert_eq!(
        (fixture.calls(), fixture.app().relays.first().report().await.unwrap().backlog.requests),
        (0, 0)
    );
    let unverified = Ask::hook("a", "{").bearer("this-key-opens-nothing-at-all").send(&fixture).await;
    assert_eq!(unverified.status, 401, "nothing unverified is accepted");
}

async fn accepting_fixture() -> Fixture {
    let source = |name: &str, key: &str| {
        json!({
            "name": name, "verify": { "scheme": "bearer", "secrets": [key], "weak_secret": true },
            "read": { "machines": ["$.machines"], "tag": { "from": ["$.tag"] } }, "on_bad_payload": "accept",
            "allow": { "tags": ["ir-*"], "actions": ["Add"], "machines": 10 },
        })
    };
    let sources = [source("a", "this-key-opens-the-source-a"), source("b", local::loopback::KEY)];
    Fixture::with([("SOURCES", &json!({ "sources": sources }).to_string())]).await
}
