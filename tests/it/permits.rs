//! Many holders on one budget, each with its own view of the ledger, as many Lambda instances would have.

use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::domain::budget::{COUNTED_WITHIN_S, Ledger, Limits, USE_BY_S};
use defender_tag_relay::store::{Store, Taken};
use futures_util::future::join_all;
use local::loopback::{TABLE, engine};
use simulator::dynamodb::Storage;

const START_S: i64 = 1_800_000_000;
const HOLDERS: usize = 20;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START_S + second)
}

/// Asks until there is no room, and returns the seconds of the permits.
async fn take_all(store: &Store, seen: &mut Option<Ledger>, limits: Limits, now: Timestamp) -> Vec<i64> {
    let mut seconds = Vec::new();
    for _ in 0..10 * limits.per_minute {
        match store.take_permit(seen, limits, now).await.unwrap() {
            Taken::Granted(permit) => seconds.push(permit.second),
            Taken::Later(when) if when.ms_since(now) > 50 => break,
            Taken::Later(_) => {}
            Taken::Refused(why) => panic!("{why}"),
        }
    }
    seconds
}

#[tokio::test]
async fn twenty_holders_at_once_never_get_more_than_the_limits_and_hardly_less() {
    let engine = engine(0, Storage::Memory).await.unwrap();
    let store = Store::new(local::aws::clients(&engine.url()).dynamodb, TABLE, "tenant");
    let limits = Limits { per_minute: 40, per_hour: 150 };
    let mut views: Vec<Option<Ledger>> = vec![None; HOLDERS];
    let mut seconds = Vec::new();
    for second in [0, 1, 30, 60, 73, 74, 75, 150, 226, 300, 3600, 3613, 3640, 3700, 3800] {
        let takers = views.iter_mut().map(|view| take_all(&store, view, limits, at(second)));
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
async fn a_pause_stops_every_holder_until_its_end() {
    let engine = engine(0, Storage::Memory).await.unwrap();
    let store = Store::new(local::aws::clients(&engine.url()).dynamodb, TABLE, "tenant");
    let (mut one, mut other) = (None, None);
    let take = async |view: &mut Option<Ledger>, second| {
        store.take_permit(view, Limits::default(), at(second)).await
    };
    assert!(matches!(take(&mut one, 0).await, Ok(Taken::Granted(_))));
    assert!(matches!(take(&mut other, 0).await, Ok(Taken::Granted(_))));
    store.pause(at(60)).await.unwrap();
    store.pause(at(30)).await.unwrap();
    assert_eq!(take(&mut other, 0).await.unwrap(), Taken::Later(at(60)), "the longer pause stands");
    assert_eq!(take(&mut one, 59).await.unwrap(), Taken::Later(at(60)));
    assert!(matches!(take(&mut one, 60).await, Ok(Taken::Granted(_))));
}
