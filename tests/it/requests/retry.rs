use defender_tag_relay::domain::RequestId;
use defender_tag_relay::store::{Save, Store};
use local::loopback::TABLE;

use crate::support::{Answer, Ask, Fixture, get, machine, machines, retry};

/// A request for three machines that expired because Defender was down; it is up again.
async fn expired(fixture: &Fixture) -> Answer {
    fixture.simulator().switch(|s| s.down = true);
    let accepted = Ask::add("vip", &machines(0..3)).at_once().send(fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.pass_s(25 * 3600);
    fixture.schedule_until_empty().await;
    fixture.simulator().switch(|s| s.down = false);
    accepted.now(fixture).await
}

#[tokio::test]
async fn what_expired_is_done_after_a_retry() {
    let fixture = Fixture::new().await;
    let request = expired(&fixture).await;
    assert_eq!(request.count("expired"), 3);
    let again = retry(&request.id()).send(&fixture).await;
    assert_eq!((again.status, again.id(), again.count("applied")), (200, request.id(), 3));
    assert!(fixture.carries(&machine(2), "vip"));
}

#[tokio::test]
async fn of_a_request_that_was_partly_rejected_only_the_rejected_machines_are_sent_again() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.refused_machines = [machine(1)].into());
    let request = Ask::add("vip", &machines(0..3)).send(&fixture).await;
    assert_eq!((request.count("applied"), request.outcome(1)), (2, "rejected"));

    fixture.simulator().switch(|s| s.refused_machines.clear());
    let again = retry(&request.id()).send(&fixture).await;
    assert_eq!((again.count("applied"), fixture.call_sizes().last()), (3, Some(&1)));
}

#[tokio::test]
async fn a_retry_is_later_in_order_than_every_request_before_it() {
    let fixture = Fixture::new().await;
    let request = expired(&fixture).await;
    Ask::remove("vip", &[machine(1)]).send(&fixture).await;
    retry(&request.id()).send(&fixture).await;
    assert!(fixture.carries(&machine(1), "vip"));
}

#[tokio::test]
async fn a_retried_request_has_the_whole_time_to_expire_again() {
    let fixture = Fixture::new().await;
    let request = expired(&fixture).await;
    fixture.simulator().switch(|s| s.down = true);
    assert_eq!(retry(&request.id()).at_once().send(&fixture).await.status, 202);
    fixture.app().relays.until_idle().await;
    fixture.pass_s(23 * 3600);
    fixture.simulator().switch(|s| s.down = false);
    fixture.schedule_until_empty().await;
    assert_eq!(request.now(&fixture).await.count("applied"), 3);
}

#[tokio::test]
async fn a_request_without_a_failed_machine_is_not_sent_again() {
    let fixture = Fixture::new().await;
    let request = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    let again = retry(&request.id()).send(&fixture).await;
    assert_eq!((again.status, fixture.calls()), (409, 1));
    insta::assert_snapshot!(again.problem());
}

#[tokio::test]
async fn a_request_that_still_waits_is_shown_as_it_is() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.forbidden = true);
    let request = Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    let again = retry(&request.id()).at_once().send(&fixture).await;
    assert_eq!((again.status, again.outcome(0)), (202, "pending"));
}

#[tokio::test]
async fn only_the_source_that_sent_a_request_can_send_it_again_and_only_what_it_may_do_now() {
    let fixture = Fixture::new().await;
    let request = expired(&fixture).await;
    let calls = fixture.calls();
    let sources = |name: &str, tag: &str| {
        serde_json::json!({ "sources": [{ "name": name, "verify": { "scheme": "bearer",
            "secrets": [local::loopback::KEY], "weak_secret": true }, "priority": "routine",
            "allow": { "tags": [tag], "actions": ["Add"], "machines": 10 } }] })
        .to_string()
    };
    let stranger = fixture.relay_with([("SOURCES", &sources("stranger", "*"))]).await;
    let narrowed = fixture.relay_with([("SOURCES", &sources("soar", "other"))]).await;
    assert_eq!(retry(&request.id()).send_to(&stranger).await.status, 404);
    assert_eq!(retry(&request.id()).bearer("wrong").send(&fixture).await.status, 401);
    let denied = retry(&request.id()).send_to(&narrowed).await;
    assert_eq!((denied.status, denied.body["code"].as_str()), (403, Some("tag_not_allowed")));
    assert_eq!(fixture.calls(), calls, "nothing was sent");
    assert_eq!(get(&format!("/v1/tag-requests/{}", request.id())).send(&fixture).await.count("expired"), 3);
}

#[tokio::test]
async fn of_two_retries_at_once_one_is_told_that_the_request_has_changed() {
    let fixture = Fixture::new().await;
    let request = expired(&fixture).await;
    let client = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let clock = fixture.app().clock().clone();
    let store = Store::new(&client, TABLE, &fixture.loopback.variables["TENANT_ID"], clock.clone());
    let id = RequestId::parse(&request.id()).unwrap();
    let record = store.load(id).await.unwrap().unwrap();
    let [one, other] = [100, 101].map(|order| record.clone().again(order, clock.now()));
    assert_eq!(store.requeue(&one).await.unwrap(), Save::Saved);
    assert_eq!(store.requeue(&other).await.unwrap(), Save::Changed, "its place is not the one that stands");
    assert_eq!(store.requeue(&one).await.unwrap(), Save::Saved, "its own write, once more");
}
