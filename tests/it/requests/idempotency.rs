use futures_util::future::join_all;
use serde_json::json;

use crate::support::{Ask, Cut, Fixture, Lines, machine, machines};

#[tokio::test]
async fn the_same_key_and_content_give_the_first_request_again() {
    let fixture = Fixture::new().await;
    let ask = Ask::add("vip", &machines(0..3)).key("alert-1");
    let first = ask.send(&fixture).await;
    let mut reordered = machines(0..3);
    reordered.reverse();
    let again = Ask::add("vip", &reordered).key("alert-1").send(&fixture).await;
    assert_eq!((again.status, again.body, fixture.calls()), (200, first.body, 1));
}

#[tokio::test]
async fn the_same_key_with_other_content_is_refused() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &[machine(1)]).key("alert-1").send(&fixture).await;
    for other in
        [Ask::remove("vip", &[machine(1)]), Ask::add("VIP", &[machine(1)]), Ask::add("vip", &[machine(2)])]
    {
        let answer = other.key("alert-1").send(&fixture).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("idempotency_key_reused")));
    }
    assert_eq!(fixture.calls(), 1);
}

#[tokio::test]
async fn one_key_sent_fifty_times_at_once_is_one_request() {
    let fixture = Fixture::new().await;
    let ask = Ask::add("vip", &[machine(1)]).key("alert-1");
    let answers = join_all((0..50).map(|_| ask.send(&fixture))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.id() == answers[0].id()));
    assert_eq!(fixture.call_sizes(), [1]);
}

#[tokio::test]
async fn a_key_sent_again_while_the_request_waits_gives_its_state() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let ask = Ask::add("vip", &[machine(1)]).key("alert-1").at_once();
    let first = ask.send(&fixture).await;
    let again = ask.send(&fixture).await;
    assert_eq!((first.status, again.status, again.id()), (202, 202, first.id()));
    assert_eq!(fixture.budget().await["backlog"]["requests"], 1);
}

/// A webhook without an id of its own that produces one request for each of these actions and tags.
fn delivery(changes: &[(&str, &str)]) -> Ask {
    let item = |(action, tag): &(&str, &str)| json!({ "do": action, "tag": tag, "id": machine(1) });
    let body = json!({ "items": changes.iter().map(item).collect::<Vec<_>>() });
    Ask::hook("many", &body.to_string()).bearer("this-key-opens-the-source-many")
}

async fn taking_many() -> Fixture {
    let source = json!({
        "name": "many", "verify": { "scheme": "bearer", "secrets": ["this-key-opens-the-source-many"] },
        "read": { "each": "$.items[*]", "machines": ["$.id"], "tag": { "from": ["$.tag"] }, "action": { "from": ["$.do"] } },
        "allow": { "tags": ["*"], "actions": ["Add", "Remove"], "machines": 10 },
    });
    Fixture::with([("SOURCES", &json!({ "sources": [source] }).to_string())]).await
}

fn ids(answer: &crate::support::Answer) -> Vec<String> {
    let requests = answer.body["requests"].as_array().unwrap();
    requests.iter().map(|request| request["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn the_same_key_and_delivery_give_all_its_first_requests_again() {
    let fixture = taking_many().await;
    fixture.simulator().switch(|s| s.down = true);
    let ask = delivery(&[("Add", "a"), ("Add", "b"), ("Remove", "c")]).key("alert-1");
    let first = ask.send(&fixture).await;
    let again = ask.send(&fixture).await;
    assert_eq!((first.status, again.status), (202, 202));
    assert_eq!(ids(&again), ids(&first));
    assert_eq!(first.body["requests"][0]["action"], "Remove", "removals come first");
    let backlog = fixture.app().relays.first().report().await.unwrap().backlog;
    assert_eq!(backlog.requests, 3);
}

#[tokio::test]
async fn the_same_key_with_more_fewer_or_other_requests_is_refused_and_nothing_of_it_is_done() {
    let fixture = taking_many().await;
    fixture.simulator().switch(|s| s.down = true);
    delivery(&[("Add", "a"), ("Add", "b")]).key("alert-1").send(&fixture).await;
    delivery(&[("Add", "z")]).key("alert-2").send(&fixture).await;
    for (key, other) in [
        ("alert-1", delivery(&[("Add", "a")])),
        ("alert-1", delivery(&[("Add", "a"), ("Add", "c")])),
        ("alert-1", delivery(&[("Add", "a"), ("Add", "b"), ("Add", "c")])),
        ("alert-1", delivery(&[("Remove", "d"), ("Add", "e")])),
        ("alert-2", delivery(&[("Add", "z"), ("Remove", "y")])),
        ("alert-2", delivery(&[("Add", "z"), ("Add", "zz")])),
    ] {
        let answer = other.clone().key(key).send(&fixture).await;
        assert_eq!(
            (answer.status, answer.body["code"].as_str()),
            (422, Some("idempotency_key_reused")),
            "{other:?}"
        );
    }
    let backlog = fixture.app().relays.first().report().await.unwrap().backlog;
    assert_eq!(backlog.requests, 3, "no request of a refused delivery is there");
}

#[tokio::test]
async fn what_is_kept_of_a_delivery_answers_for_it_when_the_rest_is_forgotten() {
    let fixture = taking_many().await;
    let ask = delivery(&[("Add", "a"), ("Add", "b")]).key("alert-1").header("prefer", "wait=20");
    let first = ask.send(&fixture).await;
    let dynamodb = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let items = dynamodb.scan().table_name(local::loopback::TABLE).send().await.unwrap().items.unwrap();
    let forgotten = items.iter().find(|item| item["sk"].as_s().unwrap().ends_with(&ids(&first)[0])).unwrap();
    let delete = dynamodb.delete_item().table_name(local::loopback::TABLE);
    delete.key("pk", forgotten["pk"].clone()).key("sk", forgotten["sk"].clone()).send().await.unwrap();
    let again = ask.send(&fixture).await;
    assert_eq!((again.status, again.id(), fixture.calls()), (200, ids(&first)[1].clone(), 2));
}

#[tokio::test]
async fn a_death_at_any_step_leaves_all_of_a_delivery_or_nothing() {
    for cut in [Cut::Before as fn(usize) -> Cut, Cut::After] {
        let mut left = Vec::new();
        for step in 1..=4 {
            let fixture = taking_many().await;
            let engine = fixture.loopback.engine.url();
            let simulator = fixture.simulator().url();
            let lines = Lines::start(engine, simulator, cut(step)).await;
            let dying = fixture.relay_behind(&lines).await;
            let ask = delivery(&[("Add", "a"), ("Remove", "b"), ("Add", "c")]).key("alert-1").at_once();
            tokio::select! {
                biased;
                _ = ask.send_to(&dying) => {}
                () = lines.cut() => {}
            }
            let items = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
            let items = items.scan().table_name(local::loopback::TABLE).send().await.unwrap().items.unwrap();
            left.push(items.iter().filter(|item| item["sk"].as_s().unwrap().starts_with("request#")).count());
            let survived = ask.send(&fixture).await;
            assert_eq!((survived.status, ids(&survived).len()), (202, 3));
        }
        assert!(
            left.iter().all(|left| [0, 3].contains(left)) && left.contains(&0) && left.contains(&3),
            "{left:?}"
        );
    }
}
