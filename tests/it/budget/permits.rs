//! Many instances on one budget, each with its own view of the ledger.

use aws_sdk_dynamodb::types::AttributeValue;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::budget::{COUNTED_WITHIN_S, Limits, Quota, USE_BY_S, View};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::store::{PermitOutcome, Store};
use futures_util::future::join_all;
use local::loopback::{TABLE, engine};
use simulator::dynamodb::{Engine, Storage};

const START_S: i64 = 1_800_000_000;
const HOLDERS: usize = 20;
/// Milliseconds after which an instance asks again that lost every attempt to others. New room takes longer.
const SOON_MS: i64 = 800;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START_S + second)
}

async fn started() -> (Engine, Store) {
    let engine = engine(0, Storage::Memory, &Clock::system()).await.unwrap();
    let client = local::aws::clients(&engine.url()).dynamodb;
    (engine, Store::new(&client, TABLE, "tenant", Clock::system()))
}

async fn take(store: &Store, view: &mut View, limits: Limits, second: i64) -> PermitOutcome {
    store.take_permit(view, Priority::Urgent, limits, || at(second), 7).await.unwrap()
}

/// Asks until there is no room, and returns the seconds of the permits.
async fn take_all(store: &Store, view: &mut View, limits: Limits, second: i64) -> Vec<i64> {
    let mut seconds = Vec::new();
    for _ in 0..10 * limits.of(Priority::Urgent).per_minute {
        match take(store, view, limits, second).await {
            PermitOutcome::Granted(permit) => seconds.push(permit.second),
            PermitOutcome::Later(when) if when.ms_since(at(second)) > SOON_MS => break,
            PermitOutcome::Later(_) => {}
            PermitOutcome::Refused(why) => panic!("{why}"),
        }
    }
    seconds
}

/// The item's size in bytes as DynamoDB bills it: names and values. A number takes a byte for each two digits, and one
/// more.
async fn size_of_the_item(engine: &Engine) -> usize {
    let client = local::aws::clients(&engine.url()).dynamodb;
    let get = client.get_item().table_name(TABLE).key("pk", AttributeValue::S("tenant".into()));
    let item = get.key("sk", AttributeValue::S("budget".into())).send().await.unwrap().item.unwrap();
    let value_size = |value: &AttributeValue| match value {
        AttributeValue::S(text) => text.len(),
        AttributeValue::N(digits) => digits.len().div_ceil(2) + 1,
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        other => panic!("{other:?}"),
    };
    item.iter().map(|(name, value)| name.len() + value_size(value)).sum()
}

#[tokio::test]
async fn twenty_holders_at_once_never_get_more_than_the_limits_and_hardly_less() {
    let (_engine, store) = started().await;
    let limits = Limits::with_usual_reserve(Quota { per_minute: 40, per_hour: 150 });
    let mut views = vec![View::default(); HOLDERS];
    let mut seconds = Vec::new();
    for second in [0, 1, 30, 60, 73, 74, 75, 150, 226, 300, 3600, 3613, 3640, 3700, 3800] {
        let takers = views.iter_mut().map(|view| take_all(&store, view, limits, second));
        seconds.extend(join_all(takers).await.into_iter().flatten());
    }
    for (limit, window_s) in [(40, 60), (150, 3600)] {
        for (first, next) in seconds.iter().zip(seconds.iter().skip(limit)) {
            let apart = next - first - USE_BY_S - COUNTED_WITHIN_S;
            assert!(
                apart >= window_s,
                "permits {limit} apart may be counted within {window_s} s: {first}, {next}"
            );
        }
    }
    let before = |end: i64| seconds.iter().filter(|second| **second < START_S + end).count();
    assert_eq!((before(74), before(75), before(3600), seconds.len()), (40, 80, 150, 230));
}

#[tokio::test]
async fn a_pause_stops_every_holder_until_its_end_and_charges_the_rest_of_the_minute() {
    let (_engine, store) = started().await;
    let limits = Limits::default();
    let mut one = View::default();
    let mut other = View::default();
    assert!(matches!(take(&store, &mut one, limits, 0).await, PermitOutcome::Granted(_)));
    assert!(matches!(take(&store, &mut other, limits, 0).await, PermitOutcome::Granted(_)));
    store.pause(&mut one, at(60), limits, at(1)).await.unwrap();
    store.pause(&mut one, at(30), limits, at(1)).await.unwrap();
    assert_eq!(take(&store, &mut other, limits, 1).await, PermitOutcome::Later(at(60).plus_ms(7)));
    let used = store.ledger().await.unwrap().unwrap().used_at(START_S + 1, limits);
    assert_eq!(used, Quota { per_minute: 100, per_hour: 100 }, "two calls of ours, the rest somebody else's");
    assert_eq!(store.ledger().await.unwrap().unwrap().paused_until, at(60), "the longer pause stands");
    assert!(
        (1..20).contains(&take_all(&store, &mut other, limits, 61).await.len()),
        "theirs leave little by little"
    );
}

#[tokio::test]
async fn a_pause_that_lasts_longer_than_the_minute_holds_every_holder() {
    let (_engine, store) = started().await;
    let limits = Limits::default();
    let mut one = View::default();
    let mut other = View::default();
    assert!(matches!(take(&store, &mut one, limits, 0).await, PermitOutcome::Granted(_)));
    store.pause(&mut View::default(), at(300), limits, at(1)).await.unwrap();
    assert_eq!(take(&store, &mut one, limits, 200).await, PermitOutcome::Later(at(300).plus_ms(7)));
    assert_eq!(take(&store, &mut other, limits, 299).await, PermitOutcome::Later(at(300).plus_ms(7)));
    assert!(matches!(take(&store, &mut other, limits, 301).await, PermitOutcome::Granted(_)));
}

#[tokio::test]
async fn instances_with_different_limits_share_the_budget_by_the_stricter_reading() {
    let (_engine, store) = started().await;
    let small = Limits::with_usual_reserve(Quota { per_minute: 10, per_hour: 1500 });
    let mut large_view = View::default();
    let mut small_view = View::default();
    assert_eq!(take_all(&store, &mut small_view, small, 0).await.len(), 10);
    assert_eq!(
        take_all(&store, &mut large_view, Limits::default(), 0).await.len(),
        0,
        "the room was for ten"
    );
    assert_eq!(take_all(&store, &mut large_view, Limits::default(), 1).await.len(), 90);
    assert_eq!(
        take_all(&store, &mut small_view, small, 74).await.len(),
        0,
        "ninety of the others still count"
    );
    assert_eq!(take_all(&store, &mut small_view, small, 75).await.len(), 10);
}

#[tokio::test]
async fn a_holder_that_has_seen_nothing_takes_a_permit_with_one_write_from_a_head_that_is_now() {
    let (_engine, store) = started().await;
    let mut first = View::default();
    assert!(matches!(take(&store, &mut first, Limits::default(), 0).await, PermitOutcome::Granted(_)));
    let mut second = View::default();
    assert!(matches!(take(&store, &mut second, Limits::default(), 0).await, PermitOutcome::Granted(_)));
    assert_eq!(second.ledger().unwrap().calls, 2);
}

#[tokio::test]
async fn the_item_stays_under_a_kilobyte_with_a_call_in_every_second_of_an_hour() {
    let (engine, store) = started().await;
    let limits = Limits::with_usual_reserve(Quota { per_minute: 5000, per_hour: 60_000 });
    let mut view = View::default();
    for second in 0..200 {
        assert!(matches!(take(&store, &mut view, limits, second).await, PermitOutcome::Granted(_)));
    }
    for second in (200..3900).step_by(20) {
        assert!(matches!(take(&store, &mut view, limits, second).await, PermitOutcome::Granted(_)));
    }
    for second in 3900..3980 {
        assert!(matches!(take(&store, &mut view, limits, second).await, PermitOutcome::Granted(_)));
    }
    store.pause(&mut view, at(9000), limits, at(3980)).await.unwrap();
    let bytes = size_of_the_item(&engine).await;
    assert!((600..=1024).contains(&bytes), "every count is there, in {bytes} bytes");
}

#[tokio::test]
async fn a_ledger_of_older_rules_is_replaced_by_a_full_one_and_lets_calls_through_an_hour_later() {
    let (engine, store) = started().await;
    let client = local::aws::clients(&engine.url()).dynamodb;
    let number = |n: i64| AttributeValue::N(n.to_string());
    let old = client.put_item().table_name(TABLE).item("pk", AttributeValue::S("tenant".into()));
    let old = old.item("sk", AttributeValue::S("budget".into())).item("head", number(START_S));
    let old = old.item("calls", number(5)).item("pausedUntil", number(0)).item("rulesVersion", number(1));
    old.send().await.unwrap();
    let mut view = View::default();
    assert!(
        matches!(take(&store, &mut view, Limits::default(), 10).await, PermitOutcome::Later(when) if when >= at(3624))
    );
    assert!(matches!(take(&store, &mut view, Limits::default(), 3644).await, PermitOutcome::Granted(_)));
}
