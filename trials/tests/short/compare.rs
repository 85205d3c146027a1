//! Two minutes of the comparison's hour; `cargo trial side-by-side` runs the whole hour.

use std::path::Path;

use trials::HourTest;

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_fill_calls_are_tagged_as_fast_as_the_budget_lets_them() {
    let hour = HourTest { length_ms: 70_000, speed: 20, requests: 100 };
    let tagged = hour.run(Path::new(env!("CARGO_BIN_EXE_trials"))).await.unwrap();
    println!("{tagged} machines");
    // A routine source leaves fifteen calls of the minute to urgent ones.
    assert!(tagged % 500 == 0 && (500..=85 * 500).contains(&tagged), "{tagged}");
}
