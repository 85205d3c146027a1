use proptest::prelude::*;

use super::decide::Decision;
use super::ledger::{Ledger, RULES_VERSION};
use super::limits::{Limits, Quota};
use super::permit::Permit;
use super::view::View;
use crate::domain::values::{Priority, Timestamp};

const START: i64 = 1_800_000_000;
const URGENT: Priority = Priority::Urgent;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second)
}

fn limits() -> Limits {
    Limits::default()
}

/// Carries a decision out on what the view has seen, as the store does without other instances.
fn take(view: &mut View, class: Priority, now: Timestamp) -> Decision {
    let decision = view.decide(class, limits(), now);
    let stands = match &decision {
        Decision::Open(next) | Decision::Roll { next, .. } => Some((**next).clone()),
        Decision::Draw => view.ledger().cloned().map(|mut ledger| {
            ledger.calls += 1;
            ledger
        }),
        _ => None,
    };
    if let Some(stands) = stands {
        view.granted(stands);
    }
    decision
}

fn is_granted(decision: &Decision) -> bool {
    !matches!(decision, Decision::Later(_) | Decision::ClockBehind(_))
}

/// Takes as many as there are.
fn take_all(view: &mut View, class: Priority, now: Timestamp) -> u32 {
    (0..1000).find(|_| !is_granted(&take(view, class, now))).unwrap()
}

#[test]
fn the_first_hundred_of_a_fresh_budget_come_at_once_and_the_next_after_74_seconds() {
    let mut view = View::default();
    assert_eq!(take_all(&mut view, Priority::Urgent, at(0)), 100);
    assert_eq!(view.decide(URGENT, limits(), at(0)), Decision::Later(at(74)));
    assert_eq!(take_all(&mut view, Priority::Urgent, at(74)), 100);
}

#[test]
fn the_hour_is_used_to_99_percent_under_saturation() {
    let mut view = View::default();
    let mut now = at(7);
    let mut permits = 0;
    while now < at(7 + 10 * 3600) {
        match take(&mut view, URGENT, now) {
            Decision::Later(then) => now = then,
            _ => permits += 1,
        }
    }
    assert!(permits >= 1485 * 10, "{permits} in ten hours");
}

#[test]
fn routine_calls_leave_the_reserve_to_urgent_ones() {
    let mut view = View::default();
    assert_eq!(take_all(&mut view, Priority::Routine, at(0)), 85);
    assert_eq!(take_all(&mut view, Priority::Urgent, at(0)), 15);
}

#[test]
fn a_pause_holds_until_its_end() {
    let mut ledger = Ledger::new(START, 1, limits());
    ledger.paused_until = at(30);
    let view = View::of(Some(ledger));
    assert_eq!(view.decide(URGENT, limits(), at(2)), Decision::Later(at(30)));
    assert!(is_granted(&view.decide(URGENT, limits(), at(30))));
}

#[test]
fn a_clock_behind_the_head_gets_no_permit() {
    let view = View::of(Some(Ledger::new(START + 5, 1, limits())));
    assert_eq!(view.decide(URGENT, limits(), at(3)), Decision::ClockBehind(2));
    assert_eq!(view.decide(URGENT, limits(), at(4)), Decision::Draw);
}

#[test]
fn a_permit_is_usable_for_three_seconds_from_the_start_of_its_second() {
    let permit = Permit { second: START };
    assert!(permit.is_usable_at(at(3).plus_ms(-1)));
    assert!(!permit.is_usable_at(at(3)));
}

#[test]
fn of_two_limits_the_stricter_holds_in_the_second_that_the_other_opened() {
    let small = Limits::with_usual_reserve(Quota { per_minute: 10, per_hour: 1500 });
    for (opened_by, own) in [(small, limits()), (limits(), small)] {
        let ledger = Ledger::new(START, 9, opened_by);
        let next = Ledger { calls: 10, ..ledger.clone() };
        let expected = Decision::Roll { seen: (START, 9), next: Box::new(next.clone()) };
        assert_eq!(
            View::of(Some(ledger)).decide(URGENT, own, at(0)),
            expected,
            "the tenth call, in the room as it was"
        );
        assert!(!is_granted(&View::of(Some(next)).decide(URGENT, own, at(0))), "the eleventh");
    }
}

#[test]
fn room_that_a_stricter_instance_fixed_grows_with_the_next_second() {
    let small = Limits::with_usual_reserve(Quota { per_minute: 10, per_hour: 1500 });
    let view = View::of(Some(Ledger::new(START, 10, small)));
    assert_eq!(view.decide(URGENT, limits(), at(0)), Decision::Later(at(1)));
    assert!(matches!(view.decide(URGENT, limits(), at(1)), Decision::Roll { .. }));
}

#[test]
fn an_older_ledger_is_replaced_by_a_full_one_and_a_newer_one_stands() {
    let mut ledger = Ledger::new(START, 4, limits());
    ledger.rules = RULES_VERSION - 1;
    let decision = View::of(Some(ledger.clone())).decide(URGENT, limits(), at(9));
    let Decision::TakeOver { seen: (START, 4), rules: 1, next } = decision else { panic!("{decision:?}") };
    let Decision::Later(then) = View::of(Some(*next)).decide(URGENT, limits(), at(9)) else { panic!() };
    assert!(then >= at(9 + 3614) && then <= at(9 + 3614 + 20), "{then}");
    ledger.rules = RULES_VERSION + 1;
    let decision = View::of(Some(ledger)).decide(URGENT, limits(), at(9));
    assert_eq!(decision, Decision::NewerRules(RULES_VERSION + 1));
}

#[test]
fn a_refusal_by_defender_charges_what_was_left_of_the_minute_once() {
    let view = View::of(Some(Ledger::new(START, 30, limits())));
    let charged = view.charged(at(60), limits(), at(5)).unwrap();
    assert_eq!(charged.used_at(START + 5, limits()), Quota { per_minute: 100, per_hour: 100 });
    assert_eq!((charged.head, charged.paused_until), (START + 5, at(60)));
    let again = View::of(Some(charged.clone())).charged(at(60), limits(), at(5));
    assert_eq!(again, Some(charged), "a second refusal charges nothing");
}

#[test]
fn after_a_pause_the_room_comes_back_as_that_of_a_window_that_was_full() {
    for wait in [1, 7, 30, 60, 73] {
        let mut view = View::default();
        take(&mut view, URGENT, at(0));
        let view = View::of(view.charged(at(wait), limits(), at(0)));
        assert!(
            is_granted(&view.decide(URGENT, limits(), at(wait))),
            "when Defender takes calls again: {wait}"
        );
        let free = |second| view.ledger().unwrap().free_at(START + second, limits(), Priority::Urgent);
        assert!(free(wait) <= (100 / (75 - wait) + 2).try_into().unwrap(), "{wait}: {}", free(wait));
        assert_eq!(free(74), 100, "{wait}");
    }
}

#[test]
fn one_refusal_takes_at_most_the_minutes_limit_from_the_hour() {
    let mut view = View::default();
    take(&mut view, URGENT, at(0));
    let view = View::of(view.charged(at(3600), limits(), at(1)));
    assert!(is_granted(&view.decide(URGENT, limits(), at(3600))));
    let used = view.ledger().unwrap().used_at(START + 1, limits());
    assert_eq!(used, Quota { per_minute: 100, per_hour: 100 });
}

#[test]
fn only_a_view_that_has_met_others_comes_back_with_a_spread() {
    let mut view = View::default();
    take_all(&mut view, Priority::Urgent, at(0));
    assert_eq!(view.come_back(at(74), 12_345), at(74), "alone");
    let mut theirs = view.ledger().cloned().unwrap();
    theirs.calls += 1;
    view.refused(Some(theirs));
    let spread = view.come_back(at(74), 12_345).ms_since(at(74));
    assert!((0..750).contains(&spread) && spread > 0, "{spread}");
}

#[test]
fn a_view_that_has_met_others_tries_to_draw_before_it_rolls_and_only_once() {
    let mut view = View::default();
    view.refused(Some(Ledger::new(START, 1, limits())));
    assert_eq!(view.decide(URGENT, limits(), at(5)), Decision::Draw);
    view.refused(Some(Ledger::new(START, 1, limits())));
    assert!(matches!(view.decide(URGENT, limits(), at(5)), Decision::Roll { .. }), "nobody has moved it");
}

/// Waits of a few seconds, of about a minute and of about an hour, and bursts between them.
fn some_load() -> impl Strategy<Value = Vec<(i64, u32)>> {
    let wait = prop_oneof![4 => 0i64..2, 3 => 0i64..90, 1 => 3500i64..3700];
    proptest::collection::vec((wait, 1u32..120), 1..150)
}

/// The ledger after such a load, whatever the limits.
fn loaded(load: &[(i64, u32)]) -> Ledger {
    load.iter().fold(Ledger::new(START, 1, limits()), |ledger, (wait, calls)| {
        ledger.rolled_to(ledger.head + wait, *calls, limits())
    })
}

proptest! {
    #[test]
    fn there_is_room_at_the_moment_named_and_not_a_second_earlier(load in some_load()) {
        let mut view = View::default();
        let mut second = 0;
        for (wait, burst) in load {
            second += wait;
            for _ in 0..burst {
                if let Decision::Later(then) = take(&mut view, URGENT, at(second)) {
                    prop_assert!(is_granted(&view.decide(URGENT, limits(), then)));
                    prop_assert!(!is_granted(&view.decide(URGENT, limits(), then.plus_ms(-1000))));
                    break;
                }
            }
        }
    }

    #[test]
    fn what_will_count_is_what_counts_after_rolling_there(load in some_load(), ahead in 0i64..4000) {
        let ledger = loaded(&load);
        let rolled = ledger.rolled_to(ledger.head + ahead, 0, limits());
        prop_assert_eq!(ledger.used_at(rolled.head, limits()), rolled.used_at(rolled.head, limits()));
    }

    #[test]
    fn packed_counts_are_read_back_as_written(load in some_load()) {
        let ledger = loaded(&load);
        let (minute, hour) = ledger.packed();
        let mut blank = Ledger::new(ledger.head, ledger.calls, limits());
        blank.room = ledger.room;
        prop_assert_eq!(blank.with_packed(&minute, &hour), Ok(ledger));
    }
}
