use proptest::prelude::*;

use super::*;

/// Milliseconds that clocks may differ, either way.
const CLOCK_SKEW_MS: i64 = 100;
const START: i64 = 1_800_000_000;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(START + second)
}

/// Carries a decision out on the ledger it was made from, as the store does when nobody interferes.
fn carry_out(ledger: &mut Option<Ledger>, calls: u32, limits: Limits, now: Timestamp) -> Decision {
    let decision = decide(ledger.as_ref(), calls, limits, now);
    match &decision {
        Decision::Create(new) => *ledger = Some((**new).clone()),
        Decision::Roll { next, .. } => *ledger = Some((**next).clone()),
        Decision::Count { .. } => {
            if let Some(ledger) = ledger {
                ledger.calls += calls;
            }
        }
        _ => {}
    }
    decision
}

/// The lemma: permit k + L may be counted only more than a window after permit k was.
fn worst_overlap(seconds: &[i64], limit: u32, window_s: i64) -> Option<(i64, i64)> {
    let earliest = |second: i64| second * 1000 - CLOCK_SKEW_MS;
    let latest = |second: i64| (second + USE_BY_S + COUNTED_WITHIN_S) * 1000 + CLOCK_SKEW_MS;
    let pairs = seconds.iter().zip(seconds.iter().skip(limit as usize));
    pairs.map(|(&k, &k_l)| (k, k_l)).find(|&(k, k_l)| earliest(k_l) - latest(k) <= window_s * 1000)
}

#[test]
fn the_first_hundred_of_a_fresh_budget_come_at_once_and_the_next_after_74_seconds() {
    let mut ledger = None;
    for _ in 0..100 {
        assert!(carry_out(&mut ledger, 1, Limits::default(), at(0)).permit().is_some());
    }
    assert_eq!(decide(ledger.as_ref(), 1, Limits::default(), at(0)), Decision::Later(at(MINUTE_SPAN_S)));
}

#[test]
fn the_hour_is_used_to_99_percent_under_saturation() {
    let (mut ledger, mut now, mut permits) = (None, at(7), 0u32);
    let end = at(7 + 10 * 3600);
    while now < end {
        match carry_out(&mut ledger, 1, Limits::default(), now) {
            Decision::Later(at) => now = at,
            decision => permits += u32::from(decision.permit().is_some()),
        }
    }
    assert!(permits >= 1485 * 10, "{permits} in ten hours");
}

#[test]
fn routine_calls_leave_the_reserve_to_urgent_ones() {
    let (mut ledger, limits) = (None, Limits::default());
    for _ in 0..85 {
        assert!(carry_out(&mut ledger, 1, limits.without_reserve(), at(0)).permit().is_some());
    }
    assert!(carry_out(&mut ledger, 1, limits.without_reserve(), at(0)).permit().is_none());
    assert!(carry_out(&mut ledger, 1, limits, at(0)).permit().is_some());
    assert_eq!(limits.without_reserve(), Limits { per_minute: 85, per_hour: 1440 });
}

#[test]
fn a_pause_holds_until_its_end() {
    let mut ledger = Ledger::new(START, 1);
    ledger.paused_until = at(30);
    assert_eq!(decide(Some(&ledger), 1, Limits::default(), at(2)), Decision::Later(at(30)));
    assert!(decide(Some(&ledger), 1, Limits::default(), at(30)).permit().is_some());
}

#[test]
fn a_clock_behind_the_head_gets_no_permit() {
    let ledger = Ledger::new(START + 5, 1);
    assert_eq!(decide(Some(&ledger), 1, Limits::default(), at(3)), Decision::ClockBehind(2));
    let within = decide(Some(&ledger), 1, Limits::default(), at(4));
    assert_eq!(within, Decision::Count { head: START + 5, calls_at_most: 99 });
}

#[test]
fn more_calls_than_the_limit_never_fit() {
    let ledger = Ledger::new(START, 1);
    assert_eq!(decide(Some(&ledger), 101, Limits::default(), at(0)), Decision::Never);
    assert_eq!(decide(None, 101, Limits::default(), at(0)), Decision::Never);
}

#[test]
fn a_permit_is_usable_for_three_seconds_from_the_start_of_its_second() {
    let permit = Permit { second: START };
    assert!(permit.is_usable_at(at(3).plus_ms(-1)));
    assert!(!permit.is_usable_at(at(3)));
}

#[test]
fn the_packed_counts_fit_an_item_of_one_kilobyte() {
    let mut ledger = Some(Ledger::new(START, 1));
    for second in 0..4000 {
        let _ = carry_out(&mut ledger, 1, Limits { per_minute: 5000, per_hour: 5000 }, at(second));
    }
    let (minute, hour) = ledger.map(|l| l.packed()).unwrap_or_default();
    assert!(minute.len() + hour.len() <= 600, "{} + {}", minute.len(), hour.len());
}

/// Waits of a few seconds, of about a minute and of about an hour, and bursts between them.
fn some_load() -> impl Strategy<Value = Vec<(i64, u32)>> {
    let wait = prop_oneof![4 => 0i64..2, 3 => 0i64..90, 1 => 3500i64..3700];
    proptest::collection::vec((wait, 1u32..120), 1..150)
}

proptest! {
    #[test]
    fn no_window_ever_holds_more_than_its_limit(load in some_load(), offset in 0i64..40) {
        let (mut ledger, mut seconds, mut second) = (None, Vec::new(), offset);
        for (wait, burst) in load {
            second += wait;
            for _ in 0..burst {
                match carry_out(&mut ledger, 1, Limits::default(), at(second)).permit() {
                    Some(permit) => seconds.push(permit.second),
                    None => break,
                }
            }
        }
        prop_assert_eq!(worst_overlap(&seconds, CALLS_PER_MINUTE, 60), None);
        prop_assert_eq!(worst_overlap(&seconds, CALLS_PER_HOUR, 3600), None);
    }

    #[test]
    fn there_is_room_at_the_moment_named_and_not_a_second_earlier(load in some_load()) {
        let (mut ledger, mut second) = (None, 0);
        for (wait, burst) in load {
            second += wait;
            for _ in 0..burst {
                let decision = carry_out(&mut ledger, 1, Limits::default(), at(second));
                if let Decision::Later(then) = decision {
                    prop_assert!(decide(ledger.as_ref(), 1, Limits::default(), then).permit().is_some());
                    let earlier = then.plus_ms(-1000);
                    prop_assert!(decide(ledger.as_ref(), 1, Limits::default(), earlier).permit().is_none());
                    break;
                }
            }
        }
    }

    #[test]
    fn packed_counts_are_read_back_as_written(load in some_load()) {
        let (mut ledger, mut second) = (None, 0);
        for (wait, calls) in load {
            second += wait;
            let _ = carry_out(&mut ledger, calls.min(100), Limits::default(), at(second));
        }
        let ledger = ledger.unwrap();
        let (minute, hour) = ledger.packed();
        let blank = Ledger::new(ledger.head, ledger.calls);
        prop_assert_eq!(blank.with_packed(&minute, &hour), Ok(ledger));
    }
}
