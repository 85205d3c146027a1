use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::{RequestId, SourceName, TagRequest};

const NOW: Timestamp = Timestamp::from_ms(1_000_000);
const RULES: Rules = Rules { expired_before: Timestamp::from_ms(0), machines_per_call: 500, whole: true };

fn machine(n: u8) -> MachineId {
    MachineId::from_bytes([n; 20])
}

fn record(order: Order, tag: &str, action: Action, machines: &[u8]) -> RequestRecord {
    RequestRecord::new(
        TagRequest {
            id: RequestId::fresh(),
            source: SourceName::parse("soar").unwrap(),
            tag: Tag::parse(tag).unwrap(),
            action,
            priority: Priority::Routine,
            received_at: NOW,
            machines: machines.iter().copied().map(machine).collect(),
            together: 1,
        },
        order,
    )
}

#[test]
fn a_thousand_one_machine_requests_of_one_tag_leave_in_two_calls() {
    let requests: Vec<_> = (0..1000u32)
        .map(|n| {
            let mut one = record(u64::from(n), "vip", Action::Add, &[0]);
            one.request.machines =
                vec![MachineId::from_bytes(std::array::from_fn(|i| n.to_be_bytes()[i % 4]))];
            one
        })
        .collect();
    let sizes: Vec<_> = fold(&requests, RULES).batches.iter().map(|b| b.members.len()).collect();
    assert_eq!(sizes, [500, 500]);
}

#[test]
fn the_last_request_for_a_machine_and_tag_decides() {
    let requests = [record(1, "vip", Action::Add, &[1, 2]), record(2, "vip", Action::Remove, &[1])];
    let plan = fold(&requests, RULES);
    assert_eq!(plan.superseded, [Slot { request: 0, machine: 0 }]);
    assert_eq!(plan.batches.len(), 2);
}

#[test]
fn a_tag_that_differs_by_case_alone_waits_for_the_earlier_one() {
    let requests = [record(1, "VIP", Action::Add, &[1]), record(2, "vip", Action::Remove, &[1, 2])];
    let plan = fold(&requests, RULES);
    assert_eq!((plan.superseded.len(), plan.waiting, plan.batches.len()), (0, 1, 2));
}

#[test]
fn a_call_carries_one_class_and_urgent_changes_leave_first() {
    let mut requests = [
        record(1, "slow", Action::Add, &[1, 2, 3]),
        record(2, "fast", Action::Add, &[4]),
        record(3, "fast", Action::Add, &[5]),
    ];
    requests[2].request.priority = Priority::Urgent;
    let batches = fold(&requests, RULES).batches;
    let sent: Vec<_> = batches.iter().map(|batch| (batch.priority, batch.members.len())).collect();
    assert_eq!(sent, [(Priority::Urgent, 1), (Priority::Routine, 3), (Priority::Routine, 1)]);
    assert_eq!(batches[0].members[0].machine, machine(5));
}

#[test]
fn equal_requests_join_and_the_call_has_the_highest_class_of_them() {
    for urgent in 0..3 {
        let mut requests = [1, 2, 3].map(|order| record(order, "vip", Action::Add, &[1]));
        requests[urgent].request.priority = Priority::Urgent;
        let plan = fold(&requests, RULES);
        assert_eq!((plan.superseded.len(), plan.batches.len()), (0, 1));
        assert_eq!(plan.batches[0].priority, Priority::Urgent);
        let served: Vec<_> = plan.batches[0].members[0].slots().map(|slot| slot.request).collect();
        assert_eq!(served, [2, 1, 0]);
    }
}

#[test]
fn only_an_opposite_request_supersedes_and_all_that_came_before_it() {
    let actions = [Action::Add, Action::Add, Action::Remove, Action::Add, Action::Add];
    let requests: Vec<_> =
        (1..).zip(actions).map(|(order, action)| record(order, "vip", action, &[1])).collect();
    let plan = fold(&requests, RULES);
    let superseded: Vec<_> = plan.superseded.iter().map(|slot| slot.request).collect();
    assert_eq!(superseded, [2, 1, 0]);
    let served: Vec<_> = plan.batches[0].members[0].slots().map(|slot| slot.request).collect();
    assert_eq!(served, [4, 3]);
}

#[test]
fn of_a_backlog_that_is_too_long_to_read_equal_requests_leave_unless_their_class_is_higher() {
    let mut requests = [1, 2, 3].map(|order| record(order, "vip", Action::Add, &[1]));
    requests[0].request.priority = Priority::Urgent;
    let plan = fold(&requests, Rules { whole: false, ..RULES });
    assert_eq!(plan.superseded, [Slot { request: 1, machine: 0 }]);
    assert_eq!(plan.batches[0].priority, Priority::Urgent);
}

#[test]
fn a_request_that_waited_too_long_expires_and_still_supersedes_an_earlier_one() {
    let mut requests = [record(1, "vip", Action::Add, &[1]), record(2, "vip", Action::Remove, &[1])];
    requests[1].queued_at = Timestamp::from_ms(-1);
    let plan = fold(&requests, RULES);
    assert_eq!((plan.expired.len(), plan.superseded.len(), plan.batches.len()), (1, 1, 0));
}

#[test]
fn of_equal_requests_the_old_one_expires_and_the_new_one_is_sent() {
    let mut requests = [1, 2].map(|order| record(order, "vip", Action::Add, &[1]));
    requests[0].queued_at = Timestamp::from_ms(-1);
    let plan = fold(&requests, RULES);
    assert_eq!((plan.expired.len(), plan.superseded.len(), plan.batches.len()), (1, 0, 1));
}

/// What the machines carry after the requests are applied one by one.
fn one_by_one(requests: &[RequestRecord]) -> BTreeMap<(Tag, MachineId), Action> {
    let mut state = BTreeMap::new();
    for RequestRecord { request, .. } in requests {
        for &machine in &request.machines {
            state.insert((request.tag.clone(), machine), request.action);
        }
    }
    state
}

/// What they carry after the batches of the fold.
fn by_batches(batches: &[Batch]) -> BTreeMap<(Tag, MachineId), Action> {
    let each =
        batches.iter().flat_map(|b| b.members.iter().map(move |m| ((b.tag.clone(), m.machine), b.action)));
    each.collect()
}

fn some_requests() -> impl Strategy<Value = Vec<RequestRecord>> {
    let tag = prop_oneof![Just("a"), Just("b"), Just("c")];
    let action = prop_oneof![Just(Action::Add), Just(Action::Remove)];
    let one = (tag, action, proptest::collection::btree_set(0u8..12, 1..6), any::<bool>());
    proptest::collection::vec(one, 0..30).prop_map(|list| {
        let numbered = (1..).zip(list);
        let build =
            |(order, (tag, action, machines, urgent)): (u64, (_, _, std::collections::BTreeSet<u8>, _))| {
                let mut made = record(order, tag, action, &machines.into_iter().collect::<Vec<_>>());
                made.request.priority = if urgent { Priority::Urgent } else { Priority::Routine };
                made
            };
        numbered.map(build).collect()
    })
}

proptest! {
    #[test]
    fn batches_leave_the_machines_as_the_requests_one_by_one_would(
        requests in some_requests(), machines_per_call in 1usize..8,
    ) {
        let plan = fold(&requests, Rules { machines_per_call, ..RULES });
        prop_assert_eq!(by_batches(&plan.batches), one_by_one(&requests));
        let sent: usize = plan.batches.iter().map(|b| b.members.len()).sum();
        let asked: usize = requests.iter().map(|r| r.request.machines.len()).sum();
        prop_assert_eq!(sent, one_by_one(&requests).len(), "a machine and tag is sent once");
        let served = plan.batches.iter().flat_map(|b| &b.members).map(|member| member.slots().count());
        prop_assert_eq!(served.sum::<usize>() + plan.superseded.len(), asked, "every machine is accounted for");
        for slot in &plan.superseded {
            let this = &requests[slot.request].request;
            let is_opposite = |later: &RequestRecord| later.request.tag == this.tag
                && later.request.action != this.action
                && later.request.machines.contains(&this.machines[slot.machine]);
            prop_assert!(requests[slot.request..].iter().any(is_opposite), "superseded by an opposite request");
        }
    }

    #[test]
    fn calls_are_full_but_for_the_last_of_each_tag_action_and_class(
        requests in some_requests(), machines_per_call in 1usize..8,
    ) {
        let plan = fold(&requests, Rules { machines_per_call, ..RULES });
        let mut partial = BTreeMap::new();
        for batch in &plan.batches {
            prop_assert!(!batch.members.is_empty() && batch.members.len() <= machines_per_call);
            if batch.members.len() < machines_per_call {
                *partial.entry((&batch.tag, batch.action, batch.priority)).or_insert(0) += 1;
            }
        }
        prop_assert!(partial.values().all(|&n| n == 1), "{:?}", partial);
        prop_assert!(plan.batches.windows(2).all(|two| two[0].priority <= two[1].priority));
    }
}
