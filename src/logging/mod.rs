//! Logs, metrics and the audit trail: JSON lines on standard output.
//!
//! A field of a line whose name is in [`METRICS`] makes it a metric too, so what is counted and what is told cannot
//! differ. Invariant: no secret, token, signature, path or body is ever given to a line; a line with a metric is
//! written whatever the level.

mod fields;
mod line;
mod metrics;

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::clock::Clock;
use line::Line;

pub use metrics::{METRICS, Metric, NAMESPACE, Unit};

/// The crate's own name as targets have it.
const OWN: &str = "defender_tag_relay";

/// Sends log lines to standard output.
pub fn to_stdout(level: Level, function: &str) {
    if lines(level, function, Clock::system(), std::io::stdout).try_init().is_err() {
        tracing::debug!("log lines go where they went before");
    }
}

/// Sends log lines to a writer. `function`: the dimension of the metrics.
pub fn lines<W>(
    level: Level,
    function: &str,
    clock: Clock,
    writer: W,
) -> impl Subscriber + Send + Sync + use<W>
where
    W: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    let line = Line::new(function, clock);
    let lines = tracing_subscriber::fmt::layer().event_format(line).with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(filter_fn(move |about| is_written(about, level))))
}

/// The relay's own lines of this level and above, those with a metric always, other crates' from `warn` on.
fn is_written(about: &Metadata<'_>, level: Level) -> bool {
    if !about.target().starts_with(OWN) {
        return *about.level() <= Level::WARN.min(level);
    }
    *about.level() <= level || about.fields().iter().any(|field| metrics::unit(field.name()).is_some())
}
