//! The machine's clock steps, an hour ahead and an hour back, while requests come.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use defender_tag_relay::clock::Clock;

use crate::support::{Ask, World, machine};

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// A relay whose clock steps by so much in the middle of its work, and back again.
async fn steps(step_ms: i64) {
    let world = World::new().await;
    let own_ms = Arc::new(AtomicI64::new(world.app().clock().now().ms()));
    let app = world.loopback.another_relay(Clock::manual(Arc::clone(&own_ms))).await.unwrap();
    let ask = async |n: usize| Ask::add("vip", &[machine(n)]).at_once().send_to(&app).await;
    let before = ask(1).await;
    app.relays.until_idle().await;
    let calls = world.calls();
    assert_eq!((before.status, calls), (202, 1));

    own_ms.fetch_add(step_ms, Ordering::SeqCst);
    let meanwhile = ask(2).await;
    app.relays.until_idle().await;
    assert_eq!(meanwhile.status, 202, "it is durable");
    assert_eq!(world.calls(), calls, "a clock that the table contradicts gives no permit");

    own_ms.store(world.app().clock().now().ms(), Ordering::SeqCst);
    let after = ask(3).await;
    app.relays.until_idle().await;
    world.pass_s(HOUR_MS / 1000 + 60);
    world.schedule_until_empty().await;
    for answer in [before, meanwhile, after] {
        assert_eq!(answer.now(&world).await.outcome(0), "applied", "{step_ms}");
    }
    assert!(world.simulator().most_in_window(60_000) <= 100);
}

#[tokio::test]
async fn a_clock_that_steps_an_hour_ahead_sends_nothing_and_loses_nothing() {
    steps(HOUR_MS).await;
}

#[tokio::test]
async fn a_clock_that_steps_an_hour_back_sends_nothing_and_loses_nothing() {
    steps(-HOUR_MS).await;
}
