//! A few seconds of the soak run; `cargo trial soak` runs ten minutes.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

use std::path::Path;

use local::trial::Soak;

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_senders_on_several_processes_loses_nothing_and_passes_no_limit() {
    let plan = Soak { seed: 7, instances: 2, senders: 6, pause_ms: 100, seconds: 4 };
    let soaked =
        plan.run(Path::new(env!("CARGO_BIN_EXE_trial"))).await.unwrap_or_else(|fault| panic!("{fault}"));
    println!("seed {}\n{}", plan.seed, soaked.table());
    assert!(soaked.answered_ms.len() >= soaked.first + plan.senders, "each has sent");
    assert!(!soaked.applied_ms.is_empty() && soaked.most.0 <= 100);
}
