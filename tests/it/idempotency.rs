use futures_util::future::join_all;

use crate::support::{Ask, World, machine, machines};

#[tokio::test]
async fn the_same_key_and_content_give_the_first_request_again() {
    let world = World::new().await;
    let ask = Ask::add("vip", &machines(0..3)).key("alert-1");
    let first = ask.send(&world).await;
    let mut reordered = machines(0..3);
    reordered.reverse();
    let again = Ask::add("vip", &reordered).key("alert-1").send(&world).await;
    assert_eq!((again.status, again.body, world.calls()), (200, first.body, 1));
}

#[tokio::test]
async fn the_same_key_with_other_content_is_refused() {
    let world = World::new().await;
    Ask::add("vip", &[machine(1)]).key("alert-1").send(&world).await;
    for other in
        [Ask::remove("vip", &[machine(1)]), Ask::add("VIP", &[machine(1)]), Ask::add("vip", &[machine(2)])]
    {
        let answer = other.key("alert-1").send(&world).await;
        assert_eq!((answer.status, answer.body["code"].as_str()), (422, Some("idempotency_key_reused")));
    }
    assert_eq!(world.calls(), 1);
}

#[tokio::test]
async fn one_key_sent_fifty_times_at_once_is_one_request() {
    let world = World::new().await;
    let ask = Ask::add("vip", &[machine(1)]).key("alert-1");
    let answers = join_all((0..50).map(|_| ask.send(&world))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.id() == answers[0].id()));
    assert_eq!(world.call_sizes(), [1]);
}

#[tokio::test]
async fn a_key_sent_again_while_the_request_waits_gives_its_state() {
    let world = World::new().await;
    world.simulator().switch(|s| s.down = true);
    let ask = Ask::add("vip", &[machine(1)]).key("alert-1").at_once();
    let (first, again) = (ask.send(&world).await, ask.send(&world).await);
    assert_eq!((first.status, again.status, again.id()), (202, 202, first.id()));
    assert_eq!(world.budget().await["backlog"]["requests"], 1);
}
