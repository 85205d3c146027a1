//! The soak test: relay processes on one table and one Defender, and a mix of senders for minutes.

mod ceiling;
mod memory;
mod mix;
mod report;
mod run;
mod table;
mod waiting;

pub use memory::MemoryReport;
pub use report::{SoakReport, SoakTest};
pub use table::soak_table;
