//! A few seconds of the limiter test; `cargo trial limiter` runs longer.

use std::path::Path;

use trials::LimiterTest;

#[tokio::test(flavor = "multi_thread")]
async fn workers_killed_at_random_moments_never_make_a_call_too_many() {
    let plan = LimiterTest { seed: 3, workers: 4, kills: 10, speed: 20, seconds: 6, calls_per_hour: 150 };
    let report = plan.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await;
    let report = report.unwrap_or_else(|fault| panic!("seed {}: {fault}", plan.seed));
    println!("seed {}: {report:?}", plan.seed);
    assert!(report.calls > 0, "{report:?}");
}
