//! The pure decision alone, by the machine's clock.

use std::hint::black_box;
use std::time::Instant;

use defender_tag_relay::domain::budget::{Decision, Limits, View};
use defender_tag_relay::domain::{Priority, Timestamp};
use trials::percentile;

const ROUNDS: usize = 20_000;
const START_S: i64 = 1_800_000_000;

/// A view whose hour is used up, call by call, as saturation leaves it.
fn full() -> (View, i64) {
    let mut view = View::default();
    let mut second = START_S;
    loop {
        let now = Timestamp::from_second(second);
        match view.decide(Priority::Urgent, Limits::default(), now) {
            Decision::Open(next) | Decision::Roll { next, .. } => {
                view.granted(*next);
            }
            Decision::Later(at) if at.second() > second + 300 => return (view, second),
            _ => {}
        }
        second += 1;
    }
}

/// Prints how long decisions take.
pub fn print() {
    let (view, second) = full();
    println!("pure decision, p50 and p99 of {ROUNDS}, in microseconds:");
    for (name, view, at_s) in [
        ("first sight", View::default(), second),
        ("no room: when again", view.clone(), second),
        ("a new second: roll", view.clone(), second + 3_700),
    ] {
        let took = times(&view, Timestamp::from_second(at_s));
        println!("  {name:<22}{:>8.2}{:>8.2}", micros(&took, 50), micros(&took, 99));
    }
}

#[expect(clippy::disallowed_methods, reason = "this is what is measured by the machine's clock")]
fn times(view: &View, now: Timestamp) -> Vec<u128> {
    let mut took: Vec<u128> = (0..ROUNDS)
        .map(|_| {
            let began = Instant::now();
            black_box(black_box(view).decide(black_box(Priority::Urgent), Limits::default(), now));
            began.elapsed().as_nanos()
        })
        .collect();
    took.sort_unstable();
    took
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn micros(sorted: &[u128], percent: usize) -> f64 {
    percentile(sorted, percent) as f64 / 1e3
}
