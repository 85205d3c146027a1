//! A few seconds of the soak test; `cargo trial soak` runs ten minutes.

use std::path::Path;

use trials::{SoakTest, soak_table};

#[tokio::test(flavor = "multi_thread")]
async fn a_mix_of_senders_on_several_processes_loses_nothing_and_passes_no_limit() {
    let plan = SoakTest { seed: 7, instances: 2, senders: 6, pause_ms: 100, seconds: 4 };
    let report = plan.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await;
    let report = report.unwrap_or_else(|fault| panic!("{fault}"));
    println!("seed {}\n{}", plan.seed, soak_table(&report));
    assert!(report.answered_ms.len() >= report.first_answers + plan.senders, "each has sent");
    assert!(!report.applied_ms.is_empty() && report.most_in_a_minute <= 100);
}
