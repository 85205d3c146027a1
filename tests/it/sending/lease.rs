//! The lease, against late copies of its own writes and wrong clocks.

use aws_sdk_dynamodb::types::AttributeValue;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::store::{LEASE_MS, LeaseId, Store};
use local::loopback::{TABLE, engine};
use simulator::dynamodb::{Engine, Storage};

const NOW: Timestamp = Timestamp::from_ms(1_800_000_000_000);

async fn started() -> (Engine, Store) {
    let engine = engine(0, Storage::Memory, &Clock::system()).await.unwrap();
    let client = local::aws::clients(&engine.url()).dynamodb;
    (engine, Store::new(&client, TABLE, "tenant", Clock::system()))
}

async fn acquire(store: &Store, me: LeaseId, now: Timestamp) -> bool {
    store.acquire(me, Priority::Urgent, now).await.unwrap().is_some()
}

#[tokio::test]
async fn a_late_copy_of_an_earlier_write_does_not_shorten_a_lease() {
    let (_engine, store) = started().await;
    let me = LeaseId::fresh();
    assert!(acquire(&store, me, NOW).await);
    let renewed_at = NOW.plus_ms(20_000);
    assert!(store.renew(me, renewed_at).await.unwrap().is_some());
    assert!(store.renew(me, NOW.plus_ms(5_000)).await.unwrap().is_none(), "a late renewal");
    assert!(!acquire(&store, me, NOW).await, "a late copy of the first write");
    let until = store.drain_state().await.unwrap().leased_until;
    assert_eq!(until, Some(renewed_at.plus_ms(LEASE_MS)));
    assert!(store.renew(me, renewed_at).await.unwrap().is_some(), "the same write once more");
}

#[tokio::test]
async fn a_lease_that_ends_further_ahead_than_a_lease_can_counts_as_over() {
    let (engine, store) = started().await;
    let client = local::aws::clients(&engine.url()).dynamodb;
    for (ahead_ms, is_taken) in [(LEASE_MS, true), (3_600_000, false)] {
        let put = client.put_item().table_name(TABLE);
        let put =
            put.item("pk", AttributeValue::S("tenant".into())).item("sk", AttributeValue::S("drain".into()));
        let until = NOW.plus_ms(ahead_ms).ms().to_string();
        let put = put.item("holder", AttributeValue::S("another".into()));
        put.item("leaseUntil", AttributeValue::N(until)).send().await.unwrap();
        let state = store.drain_state().await.unwrap();
        assert_eq!(state.is_free(Priority::Urgent, NOW), !is_taken, "{ahead_ms}");
        assert_eq!(acquire(&store, LeaseId::fresh(), NOW).await, !is_taken, "{ahead_ms}");
    }
}
