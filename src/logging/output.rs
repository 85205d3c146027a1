//! Where log lines go, and which of them are written.

use tracing::{Level, Metadata, Subscriber};
use tracing_subscriber::filter::filter_fn;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::line_format::LineFormat;
use super::metrics;
use crate::clock::Clock;

/// The crate's own name in the target of its events.
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
    let format = LineFormat::new(function, clock);
    let lines = tracing_subscriber::fmt::layer().event_format(format).with_writer(writer);
    tracing_subscriber::registry().with(lines.with_filter(filter_fn(move |about| is_written(about, level))))
}

/// The relay's own lines are written from this level on, and always if they have a metric. Other crates' lines are
/// written from `warn` on.
fn is_written(about: &Metadata<'_>, level: Level) -> bool {
    if !about.target().starts_with(OWN) {
        return *about.level() <= Level::WARN.min(level);
    }
    *about.level() <= level || about.fields().iter().any(|field| metrics::unit(field.name()).is_some())
}
