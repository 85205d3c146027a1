use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::domain::drain::fold::Slot;

/// The machines of one request.
fn members(machines: impl IntoIterator<Item = MachineId>) -> Vec<Member> {
    of_requests(machines.into_iter().map(|machine| (machine, 0)))
}

/// The machines, each with its request.
fn of_requests(machines: impl IntoIterator<Item = (MachineId, usize)>) -> Vec<Member> {
    let slot = |request| Slot { request, machine: 0 };
    machines
        .into_iter()
        .map(|(machine, request)| Member { machine, slot: slot(request), joined: Vec::new() })
        .collect()
}

fn machine(n: u16) -> MachineId {
    let mut bytes = [0; 20];
    bytes[..2].copy_from_slice(&n.to_be_bytes());
    MachineId::from_bytes(bytes)
}

fn refusal(status: u16) -> Refusal {
    Refusal { status, code: "OsPlatformNotSupported".into(), correlation_id: Some("|c1".into()) }
}

/// A Defender in a few lines: which machines are unknown, at fault without being named, or never listed.
#[derive(Debug, Default)]
struct Defender {
    unknown: BTreeSet<MachineId>,
    at_fault: BTreeSet<MachineId>,
    never_listed: BTreeSet<MachineId>,
    names_unknown: bool,
    names_one_at_a_time: bool,
}

impl Defender {
    fn answer(&self, machines: &[MachineId]) -> Verdict {
        let mut unknown: Vec<_> = machines.iter().copied().filter(|m| self.unknown.contains(m)).collect();
        if self.names_one_at_a_time {
            unknown.truncate(1);
        }
        if !unknown.is_empty() {
            return if self.names_unknown {
                Verdict::Unknown(unknown)
            } else {
                Verdict::NotFound(refusal(404))
            };
        }
        if machines.iter().any(|m| self.at_fault.contains(m)) {
            return Verdict::Refused(refusal(400));
        }
        Verdict::Listed(machines.iter().copied().filter(|m| !self.never_listed.contains(m)).collect())
    }
}

fn settle(machines: Vec<MachineId>, defender: &Defender) -> (HashMap<MachineId, Outcome>, usize) {
    settle_members(&members(machines), defender)
}

/// Settles what is left, round after round, as the drain does.
fn settle_in_rounds(
    machines: &[MachineId],
    defender: &Defender,
) -> (HashMap<MachineId, Outcome>, Vec<usize>) {
    let mut outcomes = HashMap::new();
    let mut calls = Vec::new();
    loop {
        let left: Vec<_> =
            machines.iter().copied().filter(|machine| !outcomes.contains_key(machine)).collect();
        if left.is_empty() {
            return (outcomes, calls);
        }
        let (settled, made) = settle(left, defender);
        assert!(!settled.is_empty(), "a round settles something");
        outcomes.extend(settled);
        calls.push(made);
    }
}

fn settle_members(members: &[Member], defender: &Defender) -> (HashMap<MachineId, Outcome>, usize) {
    let mut settling = Settling::new(members);
    let mut calls = 0;
    while let Some(machines) = settling.next_call() {
        let verdict = defender.answer(machines);
        settling.absorb(verdict);
        calls += 1;
    }
    (settling.into_outcomes(), calls)
}

fn count(outcomes: &HashMap<MachineId, Outcome>, name: &str) -> usize {
    outcomes.values().filter(|o| o.name() == name).count()
}

#[test]
fn machines_named_as_unknown_are_taken_out_and_the_rest_goes_in_one_more_call() {
    let defender =
        Defender { unknown: [machine(3), machine(7)].into(), names_unknown: true, ..Defender::default() };
    let (outcomes, calls) = settle((0..10).map(machine).collect(), &defender);
    assert_eq!((count(&outcomes, "unknown_machine"), count(&outcomes, "applied"), calls), (2, 8, 2));
}

#[test]
fn one_machine_at_fault_among_500_is_found_by_halving() {
    let defender = Defender { at_fault: [machine(123)].into(), ..Defender::default() };
    let (outcomes, calls) = settle((0..500).map(machine).collect(), &defender);
    assert_eq!(
        outcomes[&machine(123)],
        Outcome::Rejected("400 OsPlatformNotSupported, correlation id |c1".into())
    );
    assert_eq!(count(&outcomes, "applied"), 499);
    assert!(calls <= 19, "{calls} calls");
}

#[test]
fn a_refusal_of_everything_is_recognised_without_asking_for_every_machine() {
    let defender = Defender { at_fault: (0..500).map(machine).collect(), ..Defender::default() };
    let (outcomes, calls) = settle((0..500).map(machine).collect(), &defender);
    assert_eq!(count(&outcomes, "rejected"), 500);
    assert!(calls <= 12, "{calls} calls");
}

#[test]
fn exactly_the_machines_at_fault_are_rejected_however_many_there_are() {
    for at_fault in [1u16, 3, 5, 10, 40] {
        let machines: Vec<_> = (0..500).map(machine).collect();
        let defender = Defender {
            at_fault: (0..at_fault).map(|n| machine(n * (500 / at_fault) + 7)).collect(),
            ..Defender::default()
        };
        let (outcomes, calls) = settle_in_rounds(&machines, &defender);
        for (machine, outcome) in &outcomes {
            let expected = if defender.at_fault.contains(machine) { "rejected" } else { "applied" };
            assert_eq!(outcome.name(), expected, "{machine} of {at_fault}");
        }
        assert!(calls.iter().all(|calls| *calls <= 50), "{at_fault} at fault: {calls:?}");
    }
}

#[test]
fn a_refused_tag_rejects_the_requests_of_the_machines_that_were_refused_and_no_other() {
    let machines = (0..30).map(|n| (machine(n), usize::from(n / 10)));
    let defender = Defender { at_fault: (0..30).map(machine).collect(), ..Defender::default() };
    let (outcomes, _) = settle_members(&of_requests(machines), &defender);
    for (machine, outcome) in &outcomes {
        assert_eq!(outcome.name(), "rejected", "{machine}");
    }
    let by_the_tag =
        outcomes.values().filter(|o| o.detail().unwrap().contains("Defender refused the tag")).count();
    assert!(by_the_tag > 0 && by_the_tag <= 27, "{by_the_tag}");
    let lone = of_requests((0..50).map(|n| (machine(n), usize::from(n))));
    let defender = Defender { at_fault: (0..50).map(machine).collect(), ..Defender::default() };
    let (outcomes, calls) = settle_members(&lone, &defender);
    assert!(outcomes.values().all(|o| !o.detail().unwrap().contains("refused the tag")), "{outcomes:?}");
    assert!(calls <= 60, "{calls}");
}

#[test]
fn a_machine_that_is_named_with_another_reason_is_rejected_alone() {
    let members = members((0..3).map(machine));
    let mut settling = Settling::new(&members);
    settling.absorb(Verdict::NamedRefused(vec![machine(1)], refusal(400)));
    assert_eq!(settling.next_call(), Some([machine(0), machine(2)].as_slice()));
    settling.absorb(Verdict::Listed(vec![machine(0), machine(2)]));
    let outcomes = settling.into_outcomes();
    assert_eq!((count(&outcomes, "rejected"), count(&outcomes, "applied")), (1, 2));
}

#[test]
fn machines_at_fault_that_stand_together_take_no_other_with_them() {
    for at_fault in [[0, 1], [2, 3], [498, 499], [0, 499]] {
        let defender =
            Defender { at_fault: at_fault.into_iter().map(machine).collect(), ..Defender::default() };
        let (outcomes, calls) = settle((0..500).map(machine).collect(), &defender);
        assert_eq!((count(&outcomes, "rejected"), count(&outcomes, "applied")), (2, 498), "{at_fault:?}");
        assert!(calls <= 41, "{calls} calls");
    }
}

#[test]
fn an_answer_that_names_one_unknown_machine_at_a_time_lets_the_rest_wait_for_the_next_round() {
    let defender = Defender {
        unknown: (0..100).map(machine).collect(),
        names_unknown: true,
        names_one_at_a_time: true,
        ..Defender::default()
    };
    let (outcomes, calls) = settle((0..500).map(machine).collect(), &defender);
    assert_eq!((outcomes.len(), count(&outcomes, "unknown_machine"), calls), (60, 60, 60));
}

#[test]
fn an_unlisted_machine_is_sent_once_more_and_then_unconfirmed() {
    let defender = Defender { never_listed: [machine(1)].into(), ..Defender::default() };
    let (outcomes, calls) = settle(vec![machine(1), machine(2)], &defender);
    assert_eq!((&outcomes[&machine(1)], &outcomes[&machine(2)]), (&Outcome::Unconfirmed, &Outcome::Applied));
    assert_eq!(calls, 2);
}

#[test]
fn a_machine_not_found_once_is_asked_for_again() {
    let members = members([machine(1)]);
    let mut settling = Settling::new(&members);
    settling.absorb(Verdict::NotFound(refusal(404)));
    assert_eq!(settling.next_call(), Some([machine(1)].as_slice()));
    settling.absorb(Verdict::Listed(vec![machine(1)]));
    assert_eq!(settling.into_outcomes()[&machine(1)], Outcome::Applied);
}

proptest! {
    #[test]
    fn every_machine_gets_one_true_outcome_within_a_bound_of_calls(
        size in 1u16..500,
        unknown in proptest::collection::btree_set(0u16..500, 0..6),
        at_fault in proptest::collection::btree_set(0u16..500, 0..6),
        never_listed in proptest::collection::btree_set(0u16..500, 0..6),
        names_unknown: bool,
    ) {
        let set = |s: BTreeSet<u16>| s.into_iter().map(machine).collect::<BTreeSet<_>>();
        let defender = Defender {
            unknown: set(unknown), at_fault: set(at_fault), never_listed: set(never_listed), names_unknown,
            ..Defender::default()
        };
        let machines: Vec<_> = (0..size).map(machine).collect();
        let (outcomes, calls) = settle_in_rounds(&machines, &defender);
        prop_assert_eq!(outcomes.len(), usize::from(size));
        prop_assert!(calls.iter().all(|calls| *calls <= 120), "{:?} calls", calls);
        for (machine, outcome) in outcomes {
            let good = !defender.unknown.contains(&machine) && !defender.at_fault.contains(&machine)
                && !defender.never_listed.contains(&machine);
            prop_assert!(outcome.is_final());
            prop_assert_eq!(good, outcome == Outcome::Applied, "{:?} {:?}", machine, outcome);
        }
    }
}
