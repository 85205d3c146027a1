//! The machine's clock steps an hour ahead or back while requests arrive. Other instances finish in time what such a
//! machine accepts or finds waiting.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use defender_tag_relay::clock::Clock;
use local::credential::LocalCredential;

use super::harness::FaultHarness;
use super::page::{Expected, expected_for};
use super::{AT_ONCE, Dependency, each_alone};
use crate::support::{Ask, Fixture, NetworkFault, machine, unknown_machine};

/// An hour, in milliseconds.
const HOUR_MS: i64 = 3_600_000;

/// Whether Entra is down as well, and how the app is authenticated.
const WAYS: [(bool, LocalCredential); 4] = [
    (false, LocalCredential::Secret),
    (false, LocalCredential::Certificate),
    (true, LocalCredential::Secret),
    (true, LocalCredential::Certificate),
];

/// A relay whose clock steps in the middle of its work. Its requests also expire after an hour.
async fn steps(step_ms: i64, entra_is_down: bool, credential: LocalCredential, expected: Expected) {
    let what = format!("{step_ms} {entra_is_down} {credential:?}");
    let mut fixture = Fixture::with([("REQUEST_EXPIRES_HOURS", "1")]).await;
    fixture.use_credential(credential).await;
    let own_ms = Arc::new(AtomicI64::new(fixture.app().clock().now().ms()));
    let harness = FaultHarness::of(fixture, Clock::manual(Arc::clone(&own_ms))).await;
    let right = harness.another().await;
    let first = harness.ask(&Ask::add("vip", &[machine(1), unknown_machine(1)]).at_once()).await;
    harness.rest(&what).await;
    assert_eq!(first.status, expected.status);
    assert_eq!(harness.fixture.calls(), 2, "{what}: it works as long as its clock is right");

    own_ms.fetch_add(step_ms, Ordering::SeqCst);
    let down = NetworkFault::Status(503);
    harness.proxy(Dependency::Entra).set_fault(entra_is_down.then_some(down)).await;
    let by_others = Ask::remove("vip", &[machine(1), machine(2)]).at_once();
    let by_it = Ask::add("vip", &[machine(2), machine(3)]).at_once();
    if entra_is_down {
        assert_eq!(harness.ask_of(&right, &by_others).await.status, expected.status);
        right.relays.until_idle().await;
    }
    assert_eq!(harness.ask(&by_it).await.status, expected.status, "{what}: it is durable");
    harness.rest(&what).await;
    harness.fixture.schedule_of(&harness.app).await;
    harness.nothing_is_applied_since(1, &what).await;
    assert_eq!(harness.fixture.calls(), 2, "{what}: a clock that the table contradicts gives no permit");

    harness.proxy(Dependency::Entra).set_fault(None).await;
    harness.is_done_within(expected.minutes, &right, &what).await;
    harness.judge(&what).await;
    own_ms.store(harness.fixture.app().clock().now().ms(), Ordering::SeqCst);
    let after = harness.ask(&Ask::add("vip", &[machine(4)])).await;
    assert_eq!((after.status, after.outcome(0)), (200, "applied"), "{what}: right again, it works at once");
}

#[test]
fn a_clock_that_steps_an_hour_ahead_sends_nothing_and_loses_nothing() {
    let expected = expected_for("a_clock_that_steps_an_hour_ahead_sends_nothing_and_loses_nothing");
    each_alone(&WAYS, AT_ONCE, async |(entra_is_down, credential)| {
        steps(HOUR_MS, entra_is_down, credential, expected).await;
    });
}

#[test]
fn a_clock_that_steps_an_hour_back_sends_nothing_and_loses_nothing() {
    let expected = expected_for("a_clock_that_steps_an_hour_back_sends_nothing_and_loses_nothing");
    each_alone(&WAYS, AT_ONCE, async |(entra_is_down, credential)| {
        steps(-HOUR_MS, entra_is_down, credential, expected).await;
    });
}
