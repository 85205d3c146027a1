//! The proof by test: many instances on one budget, in simulated time, with everything going wrong that may.
//!
//! The same run, with the same check, catches each deliberate fault of [`Fault`].

mod check;
mod faults;
mod happen;
mod holder;
mod manner;
mod table;
mod world;

use check::Violation;
use faults::Fault;
use manner::Seen;
use world::World;

/// Permits of one world: one set of instances, limits and manners of the network.
const PERMITS_PER_WORLD: usize = 5_000;
/// Permits of a normal test run.
const PERMITS: usize = 100_000;
/// Permits of a long run.
const LONG_PERMITS: usize = 1_000_000;
/// It is `1` for a long run.
const LONG_VARIABLE: &str = "LONG_TESTS";
/// Another number of permits.
const PERMITS_VARIABLE: &str = "BUDGET_PROOF_PERMITS";

#[expect(clippy::disallowed_methods, reason = "a test's own option, not the relay's configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn permits() -> usize {
    let is_long = variable(LONG_VARIABLE).is_some_and(|value| value == "1");
    let usual = if is_long { LONG_PERMITS } else { PERMITS };
    variable(PERMITS_VARIABLE).and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Runs worlds, one seed after the other, until one breaks a law or there were enough permits.
fn run(fault: Fault, permits: usize) -> (Seen, Option<(u64, Violation)>) {
    let mut seen = Seen::default();
    for seed in 0.. {
        let mut world = World::new(seed, fault);
        world.run(PERMITS_PER_WORLD);
        seen.add(&world.seen);
        if let Some(violation) = world.violation() {
            return (seen, Some((seed, violation)));
        }
        if seen.used >= permits {
            break;
        }
    }
    (seen, None)
}

#[test]
fn no_window_is_ever_over_whatever_the_network_the_clocks_and_the_instances_do() {
    let (seen, violation) = run(Fault::None, permits());
    println!("{seen:?}; seeds from 0 on");
    assert_eq!(violation, None, "seed and violation");
    assert!(seen.has_everything(), "everything that may go wrong did: {seen:?}");
}

#[test]
fn the_proof_is_repeatable() {
    let one = || {
        let mut world = World::new(7, Fault::None);
        world.run(500);
        world.seen
    };
    assert_eq!(one(), one());
}

/// A test for each fault: it must be caught by the laws it breaks, in at most as many permits as a normal run.
macro_rules! caught {
    ($($name:ident: $fault:ident by $violation:pat,)*) => {$(
        #[test]
        fn $name() {
            let (seen, caught) = run(Fault::$fault, PERMITS);
            println!("{:?} caught after {} permits: {caught:?}", Fault::$fault, seen.used);
            assert!(matches!(caught, Some((_, $violation))), "{caught:?}");
        }
    )*};
}

caught! {
    margins_dropped_are_caught: MarginsDropped by Violation::Minute(_) | Violation::Hour(_),
    a_minutes_span_one_second_short_is_caught: MinuteSpanShort by Violation::Minute(_),
    an_hours_span_one_second_short_is_caught: HourSpanShort by Violation::Hour(_),
    a_roll_without_its_compare_is_caught: RollWithoutCompare by Violation::Minute(_) | Violation::Hour(_),
    closed_counts_lost_in_a_roll_are_caught: ClosedCountsLost by Violation::Minute(_) | Violation::Hour(_),
    an_hours_ring_one_block_short_is_caught: HourRingShort by Violation::Hour(_),
    a_use_by_ignored_is_caught: UseByIgnored by Violation::Minute(_) | Violation::Hour(_),
    a_view_trusted_without_a_condition_is_caught: ViewTrusted by _,
    a_pause_ignored_is_caught: PauseIgnored by Violation::Paused(_),
    a_refusal_taken_for_a_grant_is_caught: RefusalIsGrant by Violation::Minute(_) | Violation::Hour(_),
    a_lost_reply_given_back_is_caught: LostReplyGivenBack by Violation::Minute(_) | Violation::Hour(_),
    a_lost_reply_taken_for_a_grant_is_caught: LostReplyIsGrant by Violation::Minute(_) | Violation::Hour(_),
    two_limits_mixed_up_are_caught: LimitsMixedUp by Violation::Minute(_),
    a_reserve_given_to_routine_calls_is_caught: ReserveIgnored by Violation::Reserve(_),
    a_clock_four_seconds_ahead_is_caught: ClockAhead by Violation::Minute(_) | Violation::Hour(_),
}
