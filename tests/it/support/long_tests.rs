//! How much of a long test a run does.
//!
//! With `LONG_TESTS=1` a test does all of its work. Otherwise it does a sample, chosen by a seed that differs from run to
//! run. The seed is printed: `TEST_SEED=<seed>` repeats the run.

use std::sync::LazyLock;

use fastrand::Rng;
use proptest::test_runner::Config;

/// Inputs of each property in a long run.
const LONG_PROPERTY_CASES: u32 = 20_000;

static IS_LONG: LazyLock<bool> = LazyLock::new(|| variable("LONG_TESTS").is_some_and(|value| value == "1"));

static SEED: LazyLock<u64> = LazyLock::new(|| {
    let chosen = variable("TEST_SEED").map(|text| text.parse().expect("TEST_SEED is a number"));
    chosen.unwrap_or_else(|| fastrand::u64(..))
});

#[expect(clippy::disallowed_methods, reason = "an option of the test run, not the relay's configuration")]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// Returns the first value in a long run, the second one in a normal run.
pub fn long_or_short<T>(long: T, short: T) -> T {
    if *IS_LONG { long } else { short }
}

/// Returns all items in a long run, and so many of them otherwise.
pub fn sample<T: Copy>(all: &[T], size: usize) -> Vec<T> {
    let mut chosen = all.to_vec();
    if !*IS_LONG {
        Rng::with_seed(printed_seed()).shuffle(&mut chosen);
        chosen.truncate(size);
    }
    chosen
}

/// Returns every step from the first one on in a long run, and otherwise each step at this distance.
pub fn sample_steps(end: usize, distance: usize) -> impl Iterator<Item = usize> {
    let distance = long_or_short(1, distance);
    let first = if distance > 1 { Rng::with_seed(printed_seed()).usize(1..=distance) } else { 1 };
    (first..end).step_by(distance)
}

/// How many inputs a property gets. `PROPTEST_CASES` sets another number.
pub fn property_config() -> Config {
    let usual = Config::default();
    let is_set = variable("PROPTEST_CASES").is_some();
    let cases = if is_set { usual.cases } else { long_or_short(LONG_PROPERTY_CASES, usual.cases) };
    Config { cases, ..usual }
}

/// The seed. A test that fails shows it.
fn printed_seed() -> u64 {
    println!("this sample again: TEST_SEED={}; all of it: LONG_TESTS=1", *SEED);
    *SEED
}
