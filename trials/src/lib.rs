//! Load, soak and crash tests of the relay, comparisons with other ways of doing the same, and the contention benchmark
//! of its limiter. Everything runs on this machine.

mod artifact;
mod compare;
mod crash;
mod harness;
mod limiter;
mod load;
mod long_tests;
mod soak;
pub mod virtual_time;

pub use artifact::ArtifactReport;
pub use compare::{
    BurstReport, Comparison, HourTest, KillReport, MinuteReport, SubjectReport, compare_all, comparison_table,
};
pub use crash::{CrashReport, CrashTest};
pub use harness::{Instances, Subject, percentile, serve_instance};
pub use limiter::{LimiterReport, LimiterTest, run_worker};
pub use load::run_load_tests;
pub use long_tests::run_long_tests;
pub use soak::{MemoryReport, SoakReport, SoakTest, soak_table};
