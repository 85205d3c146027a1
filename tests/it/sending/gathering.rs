//! Bursts of small requests, with a clock that stands still: every answer comes without waiting.

use std::collections::BTreeMap;

use defender_tag_relay::domain::drain::GATHER_MAX_MS;
use futures_util::future::join_all;

use crate::support::{Answer, Ask, Fixture, machine};

const CLIENTS: usize = 50;
const REQUESTS_A_CLIENT: usize = 20;

/// Fifty clients at once, each sending twenty one-machine requests, the next when the last is answered.
async fn fifty_clients(fixture: &Fixture, tags: usize) -> Vec<Answer> {
    let client = async |client: usize| {
        let mut answers = Vec::new();
        for n in 0..REQUESTS_A_CLIENT {
            let number = client * REQUESTS_A_CLIENT + n;
            let ask = Ask::add(&format!("tag-{}", (client + n) % tags), &[machine(number)]);
            answers.push(ask.send(fixture).await);
        }
        answers
    };
    join_all((0..CLIENTS).map(client)).await.into_iter().flatten().collect()
}

/// Lets the gathered batches leave, and returns how the requests ended.
async fn outcomes(fixture: &Fixture, answers: &[Answer]) -> BTreeMap<String, usize> {
    fixture.pass_s(GATHER_MAX_MS / 1000);
    fixture.app().relays.until_idle().await;
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        *outcomes.entry(answer.now(fixture).await.outcome(0).to_owned()).or_default() += 1;
    }
    outcomes
}

#[tokio::test]
async fn a_thousand_one_machine_requests_by_fifty_clients_cost_at_most_twelve_calls() {
    let fixture = Fixture::with_stepped_clock([]).await;
    let answers = fifty_clients(&fixture, 1).await;
    assert!(answers.iter().all(|answer| [200, 202].contains(&answer.status)));
    assert_eq!(outcomes(&fixture, &answers).await, [("applied".into(), 1000)].into());
    assert!(fixture.calls() <= 12, "{} calls: {:?}", fixture.calls(), fixture.call_sizes());
}

#[tokio::test]
async fn with_twenty_tags_mixed_they_cost_at_most_forty() {
    let fixture = Fixture::with_stepped_clock([]).await;
    let answers = fifty_clients(&fixture, 20).await;
    assert_eq!(outcomes(&fixture, &answers).await, [("applied".into(), 1000)].into());
    assert!(fixture.calls() <= 40, "{} calls: {:?}", fixture.calls(), fixture.call_sizes());
}

#[tokio::test]
async fn a_client_that_sends_one_request_after_the_other_gets_each_outcome_at_once() {
    let fixture = Fixture::with_stepped_clock([]).await;
    for n in 0..20 {
        let answer = Ask::add("vip", &[machine(n)]).send(&fixture).await;
        assert_eq!((answer.status, answer.outcome(0)), (200, "applied"));
    }
    assert_eq!(fixture.calls(), 20);
}

#[tokio::test]
async fn a_caller_that_asks_to_wait_waits_until_the_gathering_batches_leave() {
    let fixture = Fixture::with_stepped_clock([]).await;
    let asks: Vec<_> = (0..20).map(|n| Ask::add(&format!("tag-{n}"), &[machine(n)])).collect();
    let patient = asks.iter().map(|ask| ask.clone().header("prefer", "wait=25").send_owned(&fixture));
    let time = async {
        while fixture.budget().await["heldUp"]["reason"] != "gathering" {}
        fixture.pass_s(GATHER_MAX_MS / 1000);
    };
    let (answers, ()) = tokio::join!(join_all(patient), time);
    assert!(answers.iter().all(|answer| (answer.status, answer.outcome(0)) == (200, "applied")));
}

#[tokio::test]
async fn an_urgent_request_does_not_wait_while_others_gather() {
    let sources = serde_json::json!({ "sources": [{ "name": "soar", "priority": "urgent",
        "verify": { "scheme": "bearer", "secrets": [local::loopback::KEY], "weak_secret": true },
        "allow": { "tags": ["*"], "actions": ["Add"], "machines": 10 } }] });
    let fixture = Fixture::with_stepped_clock([("SOURCES", &sources.to_string())]).await;
    let asks: Vec<_> = (0..20).map(|n| Ask::add(&format!("tag-{n}"), &[machine(n)]).routine()).collect();
    join_all(asks.iter().map(|ask| ask.send(&fixture))).await;
    assert_eq!(fixture.budget().await["heldUp"]["reason"], "gathering");
    let calls = fixture.calls();
    let urgent = Ask::add("now", &[machine(99)]).send(&fixture).await;
    assert_eq!((urgent.status, urgent.outcome(0), fixture.calls()), (200, "applied", calls + 1));
    let both = Ask::add("tag-11", &[machine(99)]).send(&fixture).await;
    assert_eq!(
        (both.outcome(0), fixture.call_sizes().last()),
        ("applied", Some(&1)),
        "routine machines of the same tag go on gathering"
    );
}

#[tokio::test]
async fn while_the_drain_is_held_up_a_request_is_answered_at_once() {
    let fixture = Fixture::with_stepped_clock([("RESPOND_WITHIN_MS", "25000")]).await;
    fixture.simulator().switch(|s| s.forbidden = true);
    Ask::add("vip", &[machine(1)]).send(&fixture).await;
    let began_at = fixture.app().clock().now();
    let wait = Ask::add("vip", &[machine(2)]);
    assert_eq!(wait.header("prefer", "wait=25").send(&fixture).await.status, 202);
    assert_eq!(fixture.app().clock().now(), began_at);
}
