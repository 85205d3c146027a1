use proptest::prelude::*;

use super::*;
use crate::domain::drain::{Rules, fold};
use crate::domain::{Action, MachineId, RequestId, SourceName, Tag, TagRequest};

const PER_CALL: usize = 4;
const NOW: Timestamp = Timestamp::from_ms(1_000_000);

/// A request for `machines` new machines, received `age_ms` ago.
fn request(order: u64, tag: &str, machines: usize, age_ms: i64) -> RequestRecord {
    let machine = |n: usize| {
        let mut id = [0; 20];
        id[..8].copy_from_slice(&(order * 100 + n as u64).to_be_bytes());
        MachineId::from_bytes(id)
    };
    let request = TagRequest {
        id: RequestId::fresh(),
        source: SourceName::parse("soar").unwrap(),
        tag: Tag::parse(tag).unwrap(),
        action: Action::Add,
        priority: Priority::Routine,
        received_at: NOW.plus_ms(-age_ms),
        machines: (0..machines).map(machine).collect(),
        together: 1,
    };
    RequestRecord::new(request, order)
}

fn paced(requests: &[RequestRecord], calls: usize, whole: bool) -> Paced {
    let rules = Rules { expired_before: Timestamp::default(), machines_per_call: PER_CALL, whole };
    pace(fold(requests, rules).batches, requests, PER_CALL, Usage { calls, whole }, NOW)
}

fn sizes(paced: &Paced) -> Vec<usize> {
    paced.now.iter().map(|batch| batch.members.len()).collect()
}

#[test]
fn the_first_calls_of_a_minute_leave_at_once() {
    let requests: Vec<_> = (0..20).map(|n| request(n, &format!("tag-{n}"), 1, 10)).collect();
    let idle = paced(&requests, 0, true);
    assert_eq!((idle.now.len(), idle.gathering_until), (8, Some(NOW.plus_ms(GATHER_MS - 10))));
    assert_eq!(paced(&requests, 7, true).now.len(), 1);
    assert_eq!(paced(&requests, 8, true).now.len(), 0);
}

#[test]
fn a_request_that_waits_alone_leaves_at_once_until_half_the_minute_is_used() {
    let alone = [request(1, "vip", 6, 0)];
    assert_eq!((sizes(&paced(&alone, 48, true)), sizes(&paced(&alone, 49, true))), (vec![4, 2], vec![4]));
}

#[test]
fn a_full_batch_leaves_at_once_and_what_is_left_over_gathers() {
    let split = paced(&[request(1, "vip", 8, 0), request(2, "vip", 1, 0)], 50, true);
    assert_eq!((sizes(&split), split.gathering_until), (vec![4, 4], Some(NOW.plus_ms(GATHER_MAX_MS))));
}

#[test]
fn when_the_oldest_request_has_gathered_long_enough_all_leave_together() {
    let requests = [request(1, "old", 1, GATHER_MS), request(2, "old", 1, 0), request(3, "new", 1, 40)];
    let split = paced(&requests, 10, true);
    assert_eq!((sizes(&split), split.gathering_until), (vec![2, 1], None));
    assert_eq!(paced(&requests[1..], 10, true).gathering_until, Some(NOW.plus_ms(GATHER_MS - 40)));
}

#[test]
fn the_scarcer_calls_are_the_longer_batches_gather() {
    let two = [request(1, "vip", 1, 0), request(2, "vip", 1, 0)];
    let until = |calls| paced(&two, calls, true).gathering_until;
    let after = |ms| Some(NOW.plus_ms(ms));
    assert_eq!((until(7), until(8), until(23)), (None, after(5_000), after(5_000)));
    assert_eq!(
        (until(24), until(48), until(49), until(99)),
        (after(10_000), after(10_000), after(20_000), after(20_000))
    );
}

#[test]
fn an_urgent_batch_never_gathers() {
    let mut urgent = request(1, "vip", 1, 0);
    urgent.request.priority = Priority::Urgent;
    let paced = paced(&[urgent, request(2, "vip", 1, 0)], 50, true);
    assert_eq!((sizes(&paced), paced.now[0].priority), (vec![1], Priority::Urgent));
    assert!(paced.gathering_until.is_some(), "routine machines of the same tag gather");
}

#[test]
fn while_there_is_more_to_read_full_and_urgent_batches_leave() {
    let requests = [request(1, "vip", 9, GATHER_MS), request(2, "other", 1, GATHER_MS)];
    assert_eq!(sizes(&paced(&requests, 0, false)), [4, 4]);
    let mut urgent = request(3, "urgent", 1, 0);
    urgent.request.priority = Priority::Urgent;
    let with_an_urgent_one = [requests.as_slice(), &[urgent]].concat();
    assert_eq!(sizes(&paced(&with_an_urgent_one, 0, false)), [1, 4, 4], "but for an urgent one");
    let none_is_full = [request(2, "other", 1, GATHER_MS)];
    assert_eq!(sizes(&paced(&none_is_full, 0, false)), [1], "so that there is always something that leaves");
}

proptest! {
    #[test]
    fn every_batch_leaves_now_or_within_the_time_to_gather(
        ages in proptest::collection::vec((0i64..25_000, 0usize..6, 1usize..9), 0..30), calls in 0usize..99,
    ) {
        let requests: Vec<_> = (0..).zip(&ages)
            .map(|(order, (age_ms, tag, machines))| request(order, &format!("tag-{tag}"), *machines, *age_ms))
            .collect();
        let rules = Rules { expired_before: Timestamp::default(), machines_per_call: PER_CALL, whole: true };
        let all = fold(&requests, rules).batches.len();
        let split = paced(&requests, calls, true);
        prop_assert_eq!(split.gathering_until.is_none(), split.now.len() == all);
        prop_assert!(split.gathering_until.is_none_or(|until| until > NOW && until <= NOW.plus_ms(GATHER_MAX_MS)));
    }
}
