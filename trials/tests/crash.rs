//! A few seeds of the killing run; `cargo trial killing --seeds 50` runs more.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

use std::path::Path;

use trials::Killing;

#[tokio::test(flavor = "multi_thread")]
async fn processes_killed_at_random_moments_lose_nothing_and_keep_every_order() {
    for seed in [1, 2] {
        let plan = Killing { seed, instances: 3, clients: 5, requests: 10, kills: 4, times: 10 };
        let verdict = plan.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await;
        let verdict = verdict.unwrap_or_else(|fault| panic!("seed {seed}: {fault}"));
        println!("seed {seed}: {verdict:?}");
        assert_eq!(verdict.requests, 50);
    }
}
