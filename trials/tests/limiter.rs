//! A few seconds of the contest; `cargo trial contest` runs longer.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

use std::path::Path;

use trials::Contest;

#[tokio::test(flavor = "multi_thread")]
async fn contenders_killed_at_random_moments_never_make_a_call_too_many() {
    let contest = Contest { seed: 3, contenders: 4, kills: 10, times: 20, seconds: 6, calls_per_hour: 150 };
    let contested = contest.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await;
    let contested = contested.unwrap_or_else(|fault| panic!("seed {}: {fault}", contest.seed));
    println!("seed {}: {contested:?}", contest.seed);
    assert!(contested.calls > 0, "{contested:?}");
}
