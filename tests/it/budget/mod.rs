//! The budget of calls: what it reports, what it permits and what it costs.

mod contention;
mod permit_faults;
mod permits;
mod report;
mod units;
