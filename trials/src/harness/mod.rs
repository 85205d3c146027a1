//! What every trial uses: child processes, the function under a Runtime API, and figures for tables.

mod figures;
mod instances;
mod process;
mod subject;

pub use figures::percentile;
pub(crate) use figures::quotient;
pub use instances::{Instances, serve_instance};
pub(crate) use subject::RunningSubject;
pub use subject::Subject;
