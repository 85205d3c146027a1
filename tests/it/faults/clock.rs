//! The machine's clock steps, an hour ahead and an hour back, while requests come. What such a machine accepts or finds
//! waiting, the others do in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use defender_tag_relay::clock::Clock;
use local::credential::LocalCredential;

use super::page::{Said, said};
use super::rough::Rough;
use super::{AT_ONCE, Outside, each_alone};
use crate::support::{Ask, Rudeness, World, machine, unknown_machine};

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// What goes wrong beside the clock, and how the app is proven.
const WAYS: [(bool, LocalCredential); 4] = [
    (false, LocalCredential::Secret),
    (false, LocalCredential::Certificate),
    (true, LocalCredential::Secret),
    (true, LocalCredential::Certificate),
];

/// A relay whose clock steps in the middle of its work. An hour is also all the time its requests have.
async fn steps(step_ms: i64, entra_is_down: bool, credential: LocalCredential, said: Said) {
    let what = format!("{step_ms} {entra_is_down} {credential:?}");
    let mut world = World::with([("REQUEST_EXPIRES_HOURS", "1")]).await;
    world.loopback.use_credential(credential).await.unwrap();
    let own_ms = Arc::new(AtomicI64::new(world.app().clock().now().ms()));
    let rough = Rough::of(world, Clock::manual(Arc::clone(&own_ms))).await;
    let right = rough.another().await;
    let first = rough.ask(&Ask::add("vip", &[machine(1), unknown_machine(1)]).at_once()).await;
    rough.rest(&what).await;
    assert_eq!(first.status, said.status);
    assert_eq!(rough.world.calls(), 2, "{what}: it works as long as its clock is right");

    own_ms.fetch_add(step_ms, Ordering::SeqCst);
    let down = Rudeness::Status(503);
    rough.way(Outside::Entra).be(entra_is_down.then_some(down)).await;
    let by_others = Ask::remove("vip", &[machine(1), machine(2)]).at_once();
    let by_it = Ask::add("vip", &[machine(2), machine(3)]).at_once();
    if entra_is_down {
        assert_eq!(rough.ask_of(&right, &by_others).await.status, said.status);
        right.relays.until_idle().await;
    }
    assert_eq!(rough.ask(&by_it).await.status, said.status, "{what}: it is durable");
    rough.rest(&what).await;
    rough.world.schedule_of(&rough.app).await;
    rough.nothing_is_applied_since(1, &what).await;
    assert_eq!(rough.world.calls(), 2, "{what}: a clock that the table contradicts gives no permit");

    rough.way(Outside::Entra).be(None).await;
    rough.is_done_within(said.minutes, &right, &what).await;
    rough.judge(&what).await;
    own_ms.store(rough.world.app().clock().now().ms(), Ordering::SeqCst);
    let after = rough.ask(&Ask::add("vip", &[machine(4)])).await;
    assert_eq!((after.status, after.outcome(0)), (200, "applied"), "{what}: right again, it works at once");
}

#[test]
fn a_clock_that_steps_an_hour_ahead_sends_nothing_and_loses_nothing() {
    let said = said("a_clock_that_steps_an_hour_ahead_sends_nothing_and_loses_nothing");
    each_alone(&WAYS, AT_ONCE, async |(entra_is_down, credential)| {
        steps(HOUR_MS, entra_is_down, credential, said).await;
    });
}

#[test]
fn a_clock_that_steps_an_hour_back_sends_nothing_and_loses_nothing() {
    let said = said("a_clock_that_steps_an_hour_back_sends_nothing_and_loses_nothing");
    each_alone(&WAYS, AT_ONCE, async |(entra_is_down, credential)| {
        steps(-HOUR_MS, entra_is_down, credential, said).await;
    });
}
