use std::io::Write;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tracing::Level;

use super::output::lines;
use crate::clock::Clock;

#[derive(Clone, Default)]
struct LineBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for LineBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn written(level: Level, log: impl FnOnce()) -> Vec<Value> {
    let buffer = LineBuffer::default();
    let clock = Clock::manual(Arc::new(1_800_000_000_123.into()));
    let to = buffer.clone();
    tracing::subscriber::with_default(lines(level, "relay", clock, move || to.clone()), log);
    let text = String::from_utf8(buffer.0.lock().unwrap().clone()).unwrap();
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
    let lines = written(Level::INFO, || tracing::info!(Calls = 1, CallMs = 250, Throttled = none, "call"));
    let metrics = json!([{ "Name": "Calls", "Unit": "Count" }, { "Name": "CallMs", "Unit": "Milliseconds" }]);
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
