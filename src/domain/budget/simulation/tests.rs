//! The runs of the simulation.

use super::check::Violation;
use super::cluster::Cluster;
use super::fault_profile::FaultTally;
use super::faults::PlantedFault;

/// Permits of one cluster, which has one set of instances, limits and fault probabilities.
const PERMITS_PER_CLUSTER: usize = 5_000;
/// Permits of a normal test run.
const PERMITS: usize = 100_000;
/// Permits of a long run.
const LONG_PERMITS: usize = 1_000_000;
/// It is `1` for a long run.
const LONG_VARIABLE: &str = "LONG_TESTS";
/// Another number of permits.
const PERMITS_VARIABLE: &str = "BUDGET_SIMULATION_PERMITS";

#[expect(clippy::disallowed_methods, reason = "a test's own option, not the relay's configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

fn permits() -> usize {
    let is_long = variable(LONG_VARIABLE).is_some_and(|value| value == "1");
    let usual = if is_long { LONG_PERMITS } else { PERMITS };
    variable(PERMITS_VARIABLE).and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Runs clusters, one seed after the other, until one breaks a law or there were enough permits.
fn run(fault: PlantedFault, permits: usize) -> (FaultTally, Option<(u64, Violation)>) {
    let mut tally = FaultTally::default();
    for seed in 0.. {
        let mut cluster = Cluster::new(seed, fault);
        cluster.run(PERMITS_PER_CLUSTER);
        tally.add(&cluster.tally);
        if let Some(violation) = cluster.violation() {
            return (tally, Some((seed, violation)));
        }
        if tally.used >= permits {
            break;
        }
    }
    (tally, None)
}

#[test]
fn no_window_is_ever_over_whatever_the_network_the_clocks_and_the_instances_do() {
    let (tally, violation) = run(PlantedFault::None, permits());
    println!("{tally:?}; seeds from 0 on");
    assert_eq!(violation, None, "seed and violation");
    assert!(tally.has_everything(), "everything that may go wrong did: {tally:?}");
}

#[test]
fn the_simulation_is_repeatable() {
    let one = || {
        let mut cluster = Cluster::new(7, PlantedFault::None);
        cluster.run(500);
        cluster.tally
    };
    assert_eq!(one(), one());
}

/// A test for each fault: it must be caught by the laws it breaks, in at most as many permits as a normal run.
macro_rules! caught {
    ($($name:ident: $fault:ident by $violation:pat,)*) => {$(
        #[test]
        fn $name() {
            let (tally, caught) = run(PlantedFault::$fault, PERMITS);
            println!("{:?} caught after {} permits: {caught:?}", PlantedFault::$fault, tally.used);
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
