use serde_json::json;

use crate::support::{Ask, Fixture, get, machine, machines};

async fn two_sources() -> Fixture {
    let source = |name: &str, tags: &[&str], actions: &[&str], machines: u32| {
        json!({
            "name": name, "verify": { "scheme": "bearer", "weak_secret": true,
                "secrets": [format!("{name}-old"), format!("{name}-new")] },
            "allow": { "tags": tags, "actions": actions, "machines": machines }, "priority": "urgent",
        })
    };
    let sources = json!({ "sources": [
        source("ir", &["ir-*", "contain"], &["Add"], 3),
        source("soar", &["*"], &["Add", "Remove"], 100),
    ]});
    Fixture::with([("SOURCES", &sources.to_string())]).await
}

#[tokio::test]
async fn a_source_may_only_what_its_policy_says() {
    let fixture = two_sources().await;
    let cases = [
        (Ask::add("vip", &[machine(1)]), "tag_not_allowed"),
        (Ask::remove("ir-1", &[machine(1)]), "action_not_allowed"),
        (Ask::add("ir-1", &machines(0..4)), "machines_not_allowed"),
    ];
    for (ask, code) in cases {
        let answer = ask.bearer("ir-new").send(&fixture).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (403, Some(code)));
    }
    assert_eq!(fixture.calls(), 0);
    assert_eq!(Ask::add("ir-1", &machines(0..3)).bearer("ir-new").send(&fixture).await.status, 200);
}

#[tokio::test]
async fn both_secrets_of_a_source_are_live() {
    let fixture = two_sources().await;
    for key in ["ir-old", "ir-new"] {
        assert_eq!(Ask::add("contain", &[machine(1)]).bearer(key).send(&fixture).await.status, 200, "{key}");
    }
}

#[tokio::test]
async fn a_source_sees_its_own_requests_only() {
    let fixture = two_sources().await;
    let answer = Ask::add("contain", &[machine(1)]).bearer("ir-old").send(&fixture).await;
    let path = format!("/v1/tag-requests/{}", answer.id());
    assert_eq!(get(&path).bearer("ir-old").send(&fixture).await.body, answer.body);
    assert_eq!(get(&path).bearer("soar-old").send(&fixture).await.status, 404);
    assert_eq!(get(&path).bearer("wrong").send(&fixture).await.status, 401);
}

#[tokio::test]
async fn the_same_key_of_two_sources_names_two_requests() {
    let fixture = two_sources().await;
    let ask = Ask::add("contain", &[machine(1)]).key("1");
    let (ir, soar) =
        (ask.clone().bearer("ir-old").send(&fixture).await, ask.bearer("soar-old").send(&fixture).await);
    assert_ne!(ir.id(), soar.id());
}
