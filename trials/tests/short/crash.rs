//! A few seeds of the crash test; `cargo trial crash --seeds 50` runs more.

use std::path::Path;

use trials::CrashTest;

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_at_random_moments_lose_nothing_and_keep_every_order() {
    for seed in [1, 2] {
        let plan = CrashTest { seed, instances: 3, clients: 5, requests: 10, kills: 4, speed: 10 };
        let report = plan.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await;
        let report = report.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        println!("seed {seed}: {report:?}");
        assert_eq!(report.requests, 50);
    }
}
