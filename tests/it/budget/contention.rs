//! What the budget costs and yields under contention: the real store and engine, in simulated time, so that
//! no figure depends on the machine.

use defender_tag_relay::domain::Priority;
use defender_tag_relay::domain::budget::Limits;
use trials::percentile;
use trials::virtual_time::{Contention, ContentionReport, Goal, RelayLimiter};

const HOUR_S: i64 = 3_600;
/// The shortest time for 500 permits: four spans of 74 seconds after the first hundred.
const FIVE_HUNDRED_S: f64 = 296.0;

fn contest(goal: Goal, contenders: u64) -> ContentionReport {
    let seed = 20_261_124 + contenders;
    let contest = Contention::new(goal, seed).unwrap();
    let budget = |place| RelayLimiter::new(&contest.table, Priority::Urgent, Limits::default(), seed + place);
    let measured = contest.run((0..contenders).map(budget).collect()).unwrap();
    println!(
        "{contenders} contenders, seed {seed}: {} permits, {:?}, {:.2} writes a permit",
        measured.grants.len(),
        measured.operations,
        measured.writes_a_call()
    );
    assert!(measured.most_in_window(60) <= 100 && measured.most_in_window(HOUR_S) <= 1500);
    assert_eq!(measured.operations.reads, 0, "no reads, in the steady state or ever");
    measured
}

#[test]
fn a_lone_drain_pays_one_write_a_permit_and_uses_99_percent_of_two_hours() {
    let measured = contest(Goal::Seconds(2 * HOUR_S + 60), 1);
    assert!(measured.writes_a_call() <= 1.05, "{}", measured.writes_a_call());
    assert!(measured.grants.len() >= 2970, "{}", measured.grants.len());
}

#[test]
fn twenty_saturating_drains_pay_at_most_one_and_a_half_writes_a_permit() {
    let measured = contest(Goal::Seconds(HOUR_S), 20);
    assert!(measured.writes_a_call() <= 1.5, "{}", measured.writes_a_call());
    assert!(measured.grants.len() >= 1485, "{}", measured.grants.len());
}

#[test]
fn a_herd_of_500_pays_at_most_three_and_a_half_writes_a_permit_and_loses_hardly_any_time() {
    let measured = contest(Goal::One, 500);
    assert_eq!(measured.grants.len(), 500);
    assert!(measured.writes_a_call() <= 3.5, "{}", measured.writes_a_call());
    let seconds = measured.seconds_to(500).unwrap();
    assert!(seconds <= FIVE_HUNDRED_S * 1.02, "{seconds}");
}

#[test]
fn the_first_hundred_come_at_once_and_500_within_two_percent_of_the_shortest_time() {
    for contenders in [1, 50] {
        let measured = contest(Goal::Calls(500), contenders);
        let hundred = measured.seconds_to(100).unwrap();
        let five_hundred = measured.seconds_to(500).unwrap();
        assert!(hundred <= 2.0 && five_hundred <= FIVE_HUNDRED_S * 1.02, "{hundred} {five_hundred}");
    }
}

#[test]
fn an_urgent_call_waits_a_second_at_most_while_routine_work_takes_95_percent_of_the_hour() {
    let contest = Contention::new(Goal::Seconds(2 * HOUR_S), 5).unwrap();
    let budget = |class, seed| RelayLimiter::new(&contest.table, class, Limits::default(), seed);
    let mut urgent = budget(Priority::Urgent, 0);
    let waits_us = std::cell::RefCell::new(Vec::new());
    let urgent_calls = async {
        let mut rng = fastrand::Rng::with_seed(5);
        for _ in 0..85 {
            contest.clock.until(contest.clock.now().plus_ms(rng.i64(30_000..130_000))).await;
            let began_us = contest.clock.elapsed_us();
            if contest.take(&mut urgent, 0).await {
                waits_us.borrow_mut().push(contest.clock.elapsed_us() - began_us);
            }
        }
    };
    let routine = (1..20).map(|seed| contest.contend(budget(Priority::Routine, seed)));
    let tasks: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> =
        std::iter::once(Box::pin(urgent_calls) as _)
            .chain(routine.map(|routine| Box::pin(routine) as _))
            .collect();
    contest.clock.run(tasks);
    let measured = contest.report().unwrap();
    let mut waits_us = waits_us.into_inner();
    waits_us.sort_unstable();
    let p99_us = percentile(&waits_us, 99);
    println!("{} urgent calls waited {p99_us} us at p99; {} calls", waits_us.len(), measured.grants.len());
    assert!(waits_us.len() > 70 && p99_us <= 1_000_000, "{p99_us} us");
    assert!(measured.grants.len() >= 2 * 1425, "{} calls in two hours", measured.grants.len());
    assert!(measured.most_in_window(60) <= 100 && measured.most_in_window(HOUR_S) <= 1500);
}
