//! One event as one line of JSON, with its metrics in CloudWatch's embedded metric format.
//! Source: AWS, "Specification: Embedded metric format".

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use super::metrics::{NAMESPACE, unit};
use crate::clock::Clock;
use crate::domain::Timestamp;

/// The dimension of every metric. There is no other: each of its values would be paid for, and asked for, again.
const DIMENSION: &str = "Function";

/// How lines are written.
pub(super) struct Line {
    function: String,
    clock: Clock,
}

impl Line {
    pub(super) fn new(function: &str, clock: Clock) -> Self {
        Self { function: function.to_owned(), clock }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let own = Written { line: self, at: self.clock.now(), level: *event.metadata().level(), fields };
        let text = serde_json::to_string(&own).map_err(|_| fmt::Error)?;
        writeln!(to, "{text}")
    }
}

/// A line to be.
struct Written<'a> {
    line: &'a Line,
    at: Timestamp,
    level: Level,
    fields: Fields,
}

impl Written<'_> {
    /// What makes CloudWatch take metrics out of the line, if it has any.
    fn directive(&self) -> Option<Value> {
        let metrics = self.fields.0.iter().filter_map(|(name, _)| unit(name).map(|unit| (name, unit)));
        let metrics: Vec<_> =
            metrics.map(|(name, unit)| json!({ "Name": name, "Unit": unit.to_string() })).collect();
        (!metrics.is_empty()).then(|| {
            let of = json!({ "Namespace": NAMESPACE, "Dimensions": [[DIMENSION]], "Metrics": metrics });
            json!({ "Timestamp": self.at.ms(), "CloudWatchMetrics": [of] })
        })
    }
}

impl Serialize for Written<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.at.to_string())?;
        map.serialize_entry("level", self.level.as_str())?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        if let Some(directive) = self.directive() {
            map.serialize_entry(DIMENSION, &self.line.function)?;
            map.serialize_entry("_aws", &directive)?;
        }
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::sync::{Arc, Mutex};

    use super::*;
    use crate::logging::lines;

    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    fn written(level: Level, tell: impl FnOnce()) -> Vec<Value> {
        let (kept, clock) = (Kept::default(), Clock::manual(Arc::new(1_800_000_000_123.into())));
        let to = kept.clone();
        tracing::subscriber::with_default(lines(level, "relay", clock, move || to.clone()), tell);
        let text = String::from_utf8(kept.0.lock().unwrap().clone()).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    #[test]
    fn a_line_without_a_metric_is_plain_json() {
        let lines = written(Level::INFO, || tracing::info!(took_ms = 7, who = %"me", "it is done"));
        let line = json!({ "timestamp": "2027-01-15T08:00:00.123Z", "level": "INFO", "message": "it is done",
            "took_ms": 7, "who": "me" });
        assert_eq!(lines, [line]);
    }

    #[test]
    fn a_line_with_metrics_names_them_for_cloudwatch_and_leaves_out_those_without_a_value() {
        let none: Option<u64> = None;
        let lines =
            written(Level::INFO, || tracing::info!(Calls = 1, CallMs = 250, Throttled = none, "call"));
        let metrics =
            json!([{ "Name": "Calls", "Unit": "Count" }, { "Name": "CallMs", "Unit": "Milliseconds" }]);
        assert_eq!(
            lines[0]["_aws"],
            json!({ "Timestamp": 1_800_000_000_123_i64, "CloudWatchMetrics": [
                { "Namespace": "DefenderTagRelay", "Dimensions": [["Function"]], "Metrics": metrics }] })
        );
        assert_eq!((&lines[0]["Function"], &lines[0]["CallMs"]), (&json!("relay"), &json!(250)));
        assert!(lines[0].get("Throttled").is_none());
    }

    #[test]
    fn a_line_with_a_metric_is_written_whatever_the_level() {
        let lines = written(Level::ERROR, || {
            tracing::info!("unimportant");
            tracing::info!(Calls = 1, "call");
            tracing::warn!(target: "another_crate", "unimportant");
        });
        assert_eq!(lines.iter().map(|line| &line["message"]).collect::<Vec<_>>(), ["call"]);
    }
}
