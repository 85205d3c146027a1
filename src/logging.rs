//! Logs: JSON lines on standard output.
//!
//! Invariant: no secret, token, signature, path or body is ever given to a log line.

use tracing::Level;
use tracing_subscriber::EnvFilter;

/// Sends log lines to standard output.
pub fn to_stdout(level: Level) {
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter(level));
    if lines.with_current_span(false).with_span_list(false).try_init().is_err() {
        tracing::debug!("log lines go where they went before");
    }
}

/// The relay's own lines of this level and above, other crates' from `warn` on.
pub fn filter(level: Level) -> EnvFilter {
    EnvFilter::new(format!("warn,defender_tag_relay={level}"))
}
