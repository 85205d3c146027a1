//! Logs: JSON lines on standard output.
//!
//! Invariant: no secret, token, signature, path or body is ever given to a log line.

use tracing::Level;
use tracing_subscriber::EnvFilter;

/// Sends log lines of this level and above to standard output; other crates' only from `warn` on.
pub fn to_stdout(level: Level) {
    let filter = EnvFilter::new(format!("warn,defender_tag_relay={level}"));
    let lines = tracing_subscriber::fmt().json().flatten_event(true).with_env_filter(filter);
    if lines.with_current_span(false).with_span_list(false).try_init().is_err() {
        tracing::debug!("log lines go where they went before");
    }
}
