//! Side by side: this relay, a plain relay, and the way of one call for each machine, with the same requests, the same
//! kind of table and the same Defender.
//!
//! Invariant: each phase has a fixture of its own, so that no phase spends another's budget.

mod baseline;
mod burst;
mod comparison;
mod counting_proxy;
mod hour;
mod killed;
mod lone;
mod minute;
mod phase;
mod report;
mod table;

pub use burst::BurstReport;
pub use comparison::{Comparison, compare_all};
pub use hour::HourTest;
pub use killed::KillReport;
pub use minute::MinuteReport;
pub use report::SubjectReport;
pub use table::comparison_table;
