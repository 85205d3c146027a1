//! Logs, metrics and the audit trail: JSON lines on standard output.
//!
//! A field of a line whose name is in [`METRICS`] is a metric too, so the logs and the metrics cannot differ.
//! Invariant: no secret, token, signature, path or body is ever given to a line; a line with a metric is written
//! at every level.

mod fields;
mod line_format;
mod metrics;
mod output;
#[cfg(test)]
mod tests;

pub use metrics::{METRICS, Metric, NAMESPACE, Unit};
pub use output::{lines, to_stdout};
