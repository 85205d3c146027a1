//! The budget in the table: one item, its ledger.

mod item;
mod ledger;
mod write;

pub use ledger::PermitOutcome;
