//! Two instances at once, stopped exactly where the order could break.

use crate::support::{Answer, Ask, Fixture, Gate, machine, machines};

/// A fixture in which Defender was down. Two contradicting requests wait, and no drain has seen both.
async fn contradiction() -> (Fixture, Answer, Answer) {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let add = Ask::add("vip", &machines(0..2)).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    let remove = Ask::remove("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.simulator().switch(|s| s.down = false);
    fixture.pass_s(600);
    (fixture, add, remove)
}

fn shard_of(id: &str) -> u32 {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    hex::decode(digits).unwrap().into_iter().map(u32::from).sum::<u32>() % 4
}

#[tokio::test]
async fn when_two_drains_saw_the_lease_free_only_one_of_them_sends() {
    let fixture = Fixture::new().await;
    let is_lease = |request: &str| request.contains("UpdateItem") && request.contains("SET holder = :me");
    let (gate, dynamodb) = Gate::before(fixture.loopback.engine.url(), is_lease).await;
    let (calls, defender) =
        Gate::before(fixture.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let slow = fixture.relay_between(&dynamodb, &fixture.simulator().url()).await;
    let fast = fixture.relay_between(&fixture.loopback.engine.url(), &defender).await;

    Ask::add("vip", &[machine(1)]).at_once().send_to(&slow).await;
    gate.stopped(1).await;
    Ask::add("vip", &[machine(2)]).at_once().send_to(&fast).await;
    calls.stopped(1).await;
    gate.open();
    slow.relays.until_idle().await;
    assert_eq!(fixture.calls(), 0, "the other one's call is still under way");
    calls.open();
    fast.relays.until_idle().await;
    fixture.schedule_until_empty().await;
    assert!(fixture.carries(&machine(1), "vip") && fixture.carries(&machine(2), "vip"));
}

#[tokio::test]
async fn a_request_that_comes_while_the_backlog_is_read_waits_for_the_one_before_it() {
    let scratch = Fixture::new().await;
    let mut keys = Vec::new();
    for number in 0..16 {
        let key = format!("key {number}");
        let id = Ask::add("vip", &[machine(1)]).key(&key).at_once().send(&scratch).await.id();
        keys.push((shard_of(&id), key));
    }
    let (early_shard, early) = keys[0].clone();
    let (_, late) = keys.iter().find(|(shard, _)| *shard != early_shard).unwrap().clone();

    let fixture = Fixture::new().await;
    let read_early = format!("#{early_shard}\"");
    let is_late_read = move |request: &str| {
        request.contains("Query") && request.contains("ALL_ATTRIBUTES") && !request.contains(&read_early)
    };
    let (gate, dynamodb) = Gate::before(fixture.loopback.engine.url(), is_late_read).await;
    let drains = fixture.relay_between(&dynamodb, &fixture.simulator().url()).await;
    Ask::add("other", &[machine(9)]).at_once().send_to(&drains).await;
    gate.stopped(3).await;
    gate.passed("ALL_ATTRIBUTES").await;
    Ask::add("vip", &[machine(1)]).key(&early).at_once().send(&fixture).await;
    Ask::remove("vip", &[machine(1)]).key(&late).at_once().send(&fixture).await;
    gate.open();
    drains.relays.until_idle().await;
    fixture.schedule_until_empty().await;
    assert!(!fixture.carries(&machine(1), "vip"), "the later request decides");
}

#[tokio::test]
async fn a_change_is_superseded_for_good_before_the_one_that_takes_its_place_is_sent() {
    let (fixture, add, remove) = contradiction().await;
    let (gate, defender) =
        Gate::before(fixture.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let drains = fixture.relay_between(&fixture.loopback.engine.url(), &defender).await;
    Ask::add("other", &[machine(9)]).at_once().send_to(&drains).await;
    gate.stopped(1).await;
    let add = add.now(&fixture).await;
    let remove = remove.now(&fixture).await;
    assert_eq!((add.outcome(1), remove.outcome(0)), ("superseded", "pending"));
    gate.open();
    drains.relays.until_idle().await;
    fixture.schedule_until_empty().await;
    assert!(!fixture.carries(&machine(1), "vip"));
}

#[tokio::test]
async fn a_drain_that_lost_its_lease_does_not_write_over_what_came_after() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.refused_machines = [machine(1)].into());
    let is_save = |request: &str| request.contains("UpdateItem") && request.contains("outcomes = :outcomes");
    let (gate, dynamodb) = Gate::before(fixture.loopback.engine.url(), is_save).await;
    let late = fixture.relay_between(&dynamodb, &fixture.simulator().url()).await;
    let request = Ask::add("vip", &[machine(1)]).at_once().send_to(&late).await;
    gate.stopped(1).await;
    fixture.simulator().switch(|s| s.refused_machines.clear());
    fixture.pass_s(42);
    fixture.schedule_until_empty().await;
    assert_eq!(request.now(&fixture).await.outcome(0), "applied");
    gate.open();
    late.relays.until_idle().await;
    assert_eq!(request.now(&fixture).await.outcome(0), "applied");
}
