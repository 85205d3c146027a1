//! Two instances at once, stopped at the very moments where the order could break.

use crate::support::{Answer, Ask, Gate, World, machine, machines};

/// A world in which Defender was down, and two requests wait that contradict each other. No drain has seen both.
async fn contradiction() -> (World, Answer, Answer) {
    let world = World::new().await;
    world.simulator().switch(|s| s.down = true);
    let add = Ask::add("vip", &machines(0..2)).at_once().send(&world).await;
    world.app().relays.until_idle().await;
    let remove = Ask::remove("vip", &[machine(1)]).at_once().send(&world).await;
    world.app().relays.until_idle().await;
    world.simulator().switch(|s| s.down = false);
    world.pass_s(600);
    (world, add, remove)
}

fn shard_of(id: &str) -> u32 {
    let digits: String = id.chars().filter(|c| *c != '-').collect();
    hex::decode(digits).unwrap().into_iter().map(u32::from).sum::<u32>() % 4
}

#[tokio::test]
async fn when_two_drains_saw_the_lease_free_only_one_of_them_sends() {
    let world = World::new().await;
    let is_lease = |request: &str| request.contains("UpdateItem") && request.contains("SET holder = :me");
    let (gate, dynamodb) = Gate::before(world.loopback.engine.url(), is_lease).await;
    let (calls, defender) =
        Gate::before(world.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let slow = world.relay_between(&dynamodb, &world.simulator().url()).await;
    let fast = world.relay_between(&world.loopback.engine.url(), &defender).await;

    Ask::add("vip", &[machine(1)]).at_once().send_to(&slow).await;
    gate.stopped(1).await;
    Ask::add("vip", &[machine(2)]).at_once().send_to(&fast).await;
    calls.stopped(1).await;
    gate.open();
    slow.relays.until_idle().await;
    assert_eq!(world.calls(), 0, "the other one's call is still under way");
    calls.open();
    fast.relays.until_idle().await;
    world.schedule_until_empty().await;
    assert!(world.carries(&machine(1), "vip") && world.carries(&machine(2), "vip"));
}

#[tokio::test]
async fn a_request_that_comes_while_the_backlog_is_read_waits_for_the_one_before_it() {
    let scratch = World::new().await;
    let mut keys = Vec::new();
    for number in 0..16 {
        let key = format!("key {number}");
        let id = Ask::add("vip", &[machine(1)]).key(&key).at_once().send(&scratch).await.id();
        keys.push((shard_of(&id), key));
    }
    let (early_shard, early) = keys[0].clone();
    let (_, late) = keys.iter().find(|(shard, _)| *shard != early_shard).unwrap().clone();

    let world = World::new().await;
    let read_early = format!("#{early_shard}\"");
    let is_late_read = move |request: &str| {
        request.contains("Query") && request.contains("ALL_ATTRIBUTES") && !request.contains(&read_early)
    };
    let (gate, dynamodb) = Gate::before(world.loopback.engine.url(), is_late_read).await;
    let drains = world.relay_between(&dynamodb, &world.simulator().url()).await;
    Ask::add("other", &[machine(9)]).at_once().send_to(&drains).await;
    gate.stopped(3).await;
    gate.passed("ALL_ATTRIBUTES").await;
    Ask::add("vip", &[machine(1)]).key(&early).at_once().send(&world).await;
    Ask::remove("vip", &[machine(1)]).key(&late).at_once().send(&world).await;
    gate.open();
    drains.relays.until_idle().await;
    world.schedule_until_empty().await;
    assert!(!world.carries(&machine(1), "vip"), "the later request decides");
}

#[tokio::test]
async fn a_change_is_superseded_for_good_before_the_one_that_takes_its_place_is_sent() {
    let (world, add, remove) = contradiction().await;
    let (gate, defender) =
        Gate::before(world.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let drains = world.relay_between(&world.loopback.engine.url(), &defender).await;
    Ask::add("other", &[machine(9)]).at_once().send_to(&drains).await;
    gate.stopped(1).await;
    let (add, remove) = (add.now(&world).await, remove.now(&world).await);
    assert_eq!((add.outcome(1), remove.outcome(0)), ("superseded", "pending"));
    gate.open();
    drains.relays.until_idle().await;
    world.schedule_until_empty().await;
    assert!(!world.carries(&machine(1), "vip"));
}

#[tokio::test]
async fn a_drain_that_lost_its_lease_does_not_write_over_what_came_after() {
    let world = World::new().await;
    world.simulator().switch(|s| s.refused_machines = [machine(1)].into());
    let is_save = |request: &str| request.contains("UpdateItem") && request.contains("outcomes = :outcomes");
    let (gate, dynamodb) = Gate::before(world.loopback.engine.url(), is_save).await;
    let late = world.relay_between(&dynamodb, &world.simulator().url()).await;
    let request = Ask::add("vip", &[machine(1)]).at_once().send_to(&late).await;
    gate.stopped(1).await;
    world.simulator().switch(|s| s.refused_machines.clear());
    world.pass_s(42);
    world.schedule_until_empty().await;
    assert_eq!(request.now(&world).await.outcome(0), "applied");
    gate.open();
    late.relays.until_idle().await;
    assert_eq!(request.now(&world).await.outcome(0), "applied");
}
