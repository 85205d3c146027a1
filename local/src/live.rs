//! One line for each request and for each outcome while the local run serves, from the relay's own log lines.

use std::collections::BTreeMap;
use std::fmt::Debug;

use defender_tag_relay::clock::Clock;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use super::screen;

/// What the targets of the relay's own lines begin with.
const RELAY: &str = "defender_tag_relay";
/// Columns of a source's name.
const SOURCE_COLUMNS: usize = 20;
/// The hours, minutes and seconds in a time of RFC 3339.
const TIME_OF_DAY: std::ops::Range<usize> = 11..19;

/// Shows a line for each request and each outcome from now on.
pub(crate) fn show() {
    if tracing_subscriber::registry().with(LiveLines(Clock::system())).try_init().is_err() {
        screen::line("requests are not shown: another log is in use");
    }
}

struct LiveLines(Clock);

impl<S: Subscriber> Layer<S> for LiveLines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if !event.metadata().target().starts_with(RELAY) {
            return;
        }
        let mut fields = LineFields::default();
        event.record(&mut fields);
        if let Some(text) = fields.text() {
            let now = self.0.now().to_string();
            let time = now.get(TIME_OF_DAY).unwrap_or_default();
            let source = fields.get("source");
            screen::live_line(format!("{time}  {source:<SOURCE_COLUMNS$} {text}"));
        }
    }
}

/// The fields of a log line, as texts.
#[derive(Debug, Default)]
struct LineFields(BTreeMap<&'static str, String>);

impl LineFields {
    fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("-", String::as_str)
    }

    /// What the line says to people, if it says something to them.
    fn text(&self) -> Option<String> {
        let ms = self.get("took_ms");
        match self.get("message") {
            "request" => {
                let code = self.0.get("code").map(|code| format!(" {code}")).unwrap_or_default();
                let inside = self.0.get("inside").map(|inside| format!(": {inside}")).unwrap_or_default();
                Some(format!(
                    "{} {} → {}{code}{inside}, {ms} ms",
                    self.get("method"),
                    self.get("route"),
                    self.get("status")
                ))
            }
            "outcome" => {
                let what = format!("{} {}", self.get("action"), self.get("tag"));
                Some(format!("{what}: {} {}, {ms} ms", self.get("machines"), self.get("outcome")))
            }
            _ => None,
        }
    }
}

impl Visit for LineFields {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.0.insert(field.name(), value.to_owned());
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name(), format!("{value:?}"));
    }
}
