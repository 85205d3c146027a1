//! Bursts of small requests, on a clock that stands still: whatever is answered is answered without waiting.

use std::collections::BTreeMap;

use defender_tag_relay::domain::drain::GATHER_MAX_MS;
use futures_util::future::join_all;

use crate::support::{Answer, Ask, World, machine};

const CLIENTS: usize = 50;
const REQUESTS_A_CLIENT: usize = 20;

/// Fifty clients at once, each sending twenty one-machine requests, the next when the last is answered.
async fn fifty_clients(world: &World, tags: usize) -> Vec<Answer> {
    let client = async |client: usize| {
        let mut answers = Vec::new();
        for n in 0..REQUESTS_A_CLIENT {
            let number = client * REQUESTS_A_CLIENT + n;
            let ask = Ask::add(&format!("tag-{}", (client + n) % tags), &[machine(number)]);
            answers.push(ask.send(world).await);
        }
        answers
    };
    join_all((0..CLIENTS).map(client)).await.into_iter().flatten().collect()
}

/// Lets the batches leave that have gathered, and shows how the requests ended.
async fn outcomes(world: &World, answers: &[Answer]) -> BTreeMap<String, usize> {
    world.pass_s(GATHER_MAX_MS / 1000);
    world.app().relays.until_idle().await;
    let mut outcomes = BTreeMap::new();
    for answer in answers {
        *outcomes.entry(answer.now(world).await.outcome(0).to_owned()).or_default() += 1;
    }
    outcomes
}

#[tokio::test]
async fn a_thousand_one_machine_requests_by_fifty_clients_cost_at_most_twelve_calls() {
    let world = World::that_stands_still([]).await;
    let answers = fifty_clients(&world, 1).await;
    assert!(answers.iter().all(|answer| [200, 202].contains(&answer.status)));
    assert_eq!(outcomes(&world, &answers).await, [("applied".into(), 1000)].into());
    assert!(world.calls() <= 12, "{} calls: {:?}", world.calls(), world.call_sizes());
}

#[tokio::test]
async fn with_twenty_tags_mixed_they_cost_at_most_forty() {
    let world = World::that_stands_still([]).await;
    let answers = fifty_clients(&world, 20).await;
    assert_eq!(outcomes(&world, &answers).await, [("applied".into(), 1000)].into());
    assert!(world.calls() <= 40, "{} calls: {:?}", world.calls(), world.call_sizes());
}

#[tokio::test]
async fn whoever_sends_one_request_after_the_other_gets_each_outcome_at_once() {
    let world = World::that_stands_still([]).await;
    for n in 0..20 {
        let answer = Ask::add("vip", &[machine(n)]).send(&world).await;
        assert_eq!((answer.status, answer.outcome(0)), (200, "applied"));
    }
    assert_eq!(world.calls(), 20);
}

#[tokio::test]
async fn whoever_asks_to_wait_waits_until_the_batches_leave_that_gather() {
    let world = World::that_stands_still([]).await;
    let asks: Vec<_> = (0..20).map(|n| Ask::add(&format!("tag-{n}"), &[machine(n)])).collect();
    let patient = asks.iter().map(|ask| ask.clone().header("prefer", "wait=25").send_owned(&world));
    let time = async {
        while world.budget().await["heldUp"]["reason"] != "gathering" {}
        world.pass_s(GATHER_MAX_MS / 1000);
    };
    let (answers, ()) = tokio::join!(join_all(patient), time);
    assert!(answers.iter().all(|answer| (answer.status, answer.outcome(0)) == (200, "applied")));
}

#[tokio::test]
async fn an_urgent_request_does_not_wait_while_others_gather() {
    let sources = serde_json::json!({ "sources": [{ "name": "soar", "priority": "urgent",
        "verify": { "scheme": "bearer", "secrets": [local::loopback::KEY] },
        "allow": { "tags": ["*"], "actions": ["Add"], "machines": 10 } }] });
    let world = World::that_stands_still([("SOURCES", &sources.to_string())]).await;
    let asks: Vec<_> = (0..20).map(|n| Ask::add(&format!("tag-{n}"), &[machine(n)]).routine()).collect();
    join_all(asks.iter().map(|ask| ask.send(&world))).await;
    assert_eq!(world.budget().await["heldUp"]["reason"], "gathering");
    let calls = world.calls();
    let urgent = Ask::add("now", &[machine(99)]).send(&world).await;
    assert_eq!((urgent.status, urgent.outcome(0), world.calls()), (200, "applied", calls + 1));
    let both = Ask::add("tag-11", &[machine(99)]).send(&world).await;
    assert_eq!(
        (both.outcome(0), world.call_sizes().last()),
        ("applied", Some(&2)),
        "routine ones ride along"
    );
}

#[tokio::test]
async fn while_the_drain_is_held_up_a_request_is_answered_at_once() {
    let world = World::that_stands_still([("RESPOND_WITHIN_MS", "25000")]).await;
    world.simulator().switch(|s| s.forbidden = true);
    Ask::add("vip", &[machine(1)]).send(&world).await;
    let (began_at, wait) = (world.app().clock().now(), Ask::add("vip", &[machine(2)]));
    assert_eq!(wait.header("prefer", "wait=25").send(&world).await.status, 202);
    assert_eq!(world.app().clock().now(), began_at);
}
