use aws_sdk_dynamodb::types::AttributeValue;
use defender_tag_relay::http::router;
use local::loopback::TABLE;
use simulator::dynamodb::Storage;
use tower::ServiceExt;

use crate::support::{Ask, Fixture, dead_entry, get, machine, machines};

#[tokio::test]
async fn the_backlog_survives_a_restart() {
    let folder = std::env::temp_dir().join(format!("relay-test-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("restart.db");
    let storage = || Storage::File(file.clone());
    let before = Fixture::start(storage(), [].into()).await;
    before.simulator().switch(|s| s.down = true);
    let accepted = Ask::add("vip", &machines(0..700)).at_once().send(&before).await;
    before.app().relays.until_idle().await;
    before.loopback.engine.stop().await;

    let after = Fixture::start(storage(), [].into()).await;
    after.pass_s(60);
    after.schedule_until_empty().await;
    assert_eq!(accepted.now(&after).await.count("applied"), 700);
    assert!(after.carries(&machine(699), "vip"));
    std::fs::remove_dir_all(&folder).unwrap();
}

#[tokio::test]
async fn what_an_instance_leaves_behind_when_it_dies_another_finishes() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.latency_ms = 60_000);
    let dying = fixture.another_relay().await;
    let ask = Ask::add("vip", &machines(0..3)).key("a");
    let process = tokio::runtime::Runtime::new().unwrap();
    process.spawn(router(dying).oneshot(ask.request()));
    fixture.until_called().await;
    process.shutdown_background();

    fixture.simulator().switch(|s| s.latency_ms = 0);
    fixture.schedule().await;
    assert_eq!(fixture.calls(), 1, "the dead one's lease still stands");
    fixture.pass_s(42);
    fixture.schedule().await;
    let again = ask.send(&fixture).await;
    assert_eq!((again.status, again.count("applied"), fixture.calls()), (200, 3, 2));
}

#[tokio::test]
async fn a_request_that_cannot_be_done_in_time_expires() {
    let fixture = Fixture::with([("REQUEST_EXPIRES_HOURS", "1")]).await;
    fixture.simulator().switch(|s| s.down = true);
    let accepted = Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.pass_s(3601);
    fixture.schedule_until_empty().await;
    let ended = accepted.now(&fixture).await;
    assert_eq!((ended.body["status"].as_str(), ended.outcome(0)), (Some("done"), "expired"));
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_set_aside_and_holds_up_nothing() {
    let fixture = Fixture::new().await;
    let (pk, id) = dead_entry(&fixture).await;
    assert_eq!(fixture.budget().await["backlog"]["requests"], 1);

    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.outcome(0), fixture.calls()), ("applied", 1));
    assert_eq!(fixture.budget().await["backlog"]["requests"], 0);
    let dynamodb = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let kept = dynamodb.get_item().table_name(TABLE).key("pk", AttributeValue::S(pk));
    let sk = AttributeValue::S(format!("request#{id}"));
    let kept = kept.key("sk", sk).send().await.unwrap().item.unwrap();
    assert_eq!(kept["setAside"], AttributeValue::N("0".into()), "its place in the order is kept");
    let looked = get(&format!("/v1/tag-requests/{id}")).send(&fixture).await;
    assert_eq!((looked.status, looked.body["code"].as_str()), (500, Some("internal_error")));
}

#[tokio::test]
async fn without_its_table_the_relay_answers_later_and_does_nothing() {
    let fixture = Fixture::with([("TABLE_NAME", "another-table")]).await;
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.status, answer.body["code"].as_str()), (503, Some("store_unavailable")));
    assert_eq!((answer.headers["retry-after"].as_str(), fixture.calls()), (Some("5"), 0));
}
