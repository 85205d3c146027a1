//! What every trial uses.

pub(crate) mod figures;
mod instances;
pub(crate) mod process;
pub(crate) mod subject;

pub use instances::{Instances, serve_instance};
pub use subject::Contestant;
