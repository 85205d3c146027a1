use std::time::Duration;

use axum::http::StatusCode;
use defender_tag_relay::clock::Stopwatch;
use defender_tag_relay::http::{RequestContext, router};
use tower::ServiceExt;

use crate::support::{Ask, Fixture, Gate, machine};

#[tokio::test]
async fn a_caller_that_prefers_not_to_wait_is_told_where_to_look() {
    let fixture = Fixture::new().await;
    let answer = Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    assert_eq!((answer.status, answer.outcome(0)), (202, "pending"));
    assert_eq!(answer.headers["location"], format!("/v1/tag-requests/{}", answer.id()));
    fixture.app().relays.until_idle().await;
    let ended = answer.now(&fixture).await;
    assert_eq!(
        (ended.status, ended.body["status"].as_str(), ended.outcome(0)),
        (200, Some("done"), "applied")
    );
}

#[tokio::test]
async fn a_slow_defender_turns_the_answer_into_a_202_and_the_call_is_finished_all_the_same() {
    let fixture = Fixture::with([("RESPOND_WITHIN_MS", "100")]).await;
    let (defender, defender_url) =
        Gate::before(fixture.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let relay = fixture.relay_between(&fixture.loopback.engine.url(), &defender_url).await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&relay).await;
    assert_eq!(answer.status, 202);
    defender.open();
    relay.relays.until_idle().await;
    assert_eq!((answer.now(&fixture).await.outcome(0), fixture.calls()), ("applied", 1));
}

#[tokio::test]
async fn a_waiting_caller_sees_what_another_instance_has_done() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.latency_ms = 400);
    let other = fixture.another_relay().await;
    let first = Ask::add("vip", &[machine(1)]);
    let second = Ask::add("vip", &[machine(2)]);
    let (first, second) = tokio::join!(first.send(&fixture), second.send_to(&other));
    assert_eq!((first.status, second.status), (200, 200));
}

#[tokio::test]
async fn the_time_to_wait_counts_from_when_the_request_came() {
    let fixture = Fixture::new().await;
    let now = fixture.app().clock().now();
    for (place, seconds, status) in [(1, 0, StatusCode::OK), (2, 30, StatusCode::ACCEPTED)] {
        // The second call takes so long that even a slow machine answers before its end.
        fixture.simulator().switch(|s| s.latency_ms = if place == 1 { 100 } else { 600_000 });
        let mut request = Ask::add("vip", &[machine(place)]).header("prefer", "wait=25").request();
        let begun = Stopwatch::running_for(Duration::from_secs(seconds));
        request.extensions_mut().insert(RequestContext::new("one".into(), now.plus_ms(60_000)).begun(begun));
        let answer = router(fixture.app().clone()).oneshot(request).await.unwrap();
        assert_eq!(answer.status(), status, "{seconds} s had gone by");
    }
}
