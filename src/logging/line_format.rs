//! One event as one line of JSON, with its metrics in CloudWatch's embedded metric format.
//! Source: AWS, "Specification: Embedded metric format".

use std::fmt;

use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::{Value, json};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::fields::EventFields;
use super::metrics::{NAMESPACE, unit};
use crate::clock::Clock;
use crate::domain::Timestamp;

/// The only dimension of every metric. Each value of a further dimension would be a metric to pay for and to query.
const DIMENSION: &str = "Function";

/// Formats events as lines.
pub(super) struct LineFormat {
    function: String,
    clock: Clock,
}

impl LineFormat {
    pub(super) fn new(function: &str, clock: Clock) -> Self {
        Self { function: function.to_owned(), clock }
    }
}

impl<S, N> FormatEvent<S, N> for LineFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut to: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = EventFields::default();
        event.record(&mut fields);
        let line = LogLine { format: self, at: self.clock.now(), level: *event.metadata().level(), fields };
        let text = serde_json::to_string(&line).map_err(|_| fmt::Error)?;
        writeln!(to, "{text}")
    }
}

/// One line of the log.
struct LogLine<'a> {
    format: &'a LineFormat,
    at: Timestamp,
    level: Level,
    fields: EventFields,
}

impl LogLine<'_> {
    /// The part of the line that makes CloudWatch read its metrics, if it has any.
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

impl Serialize for LogLine<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("timestamp", &self.at.to_string())?;
        map.serialize_entry("level", self.level.as_str())?;
        for (name, value) in &self.fields.0 {
            map.serialize_entry(name, value)?;
        }
        if let Some(directive) = self.directive() {
            map.serialize_entry(DIMENSION, &self.format.function)?;
            map.serialize_entry("_aws", &directive)?;
        }
        map.end()
    }
}
