//! Checks `docs/logging.md` against the lines that the relay writes.

use std::collections::BTreeSet;

use defender_tag_relay::logging::METRICS;
use serde_json::Value;

use crate::support::{Ask, Fixture, get, machine, runbook, unknown_machine};

fn page() -> String {
    std::fs::read_to_string("docs/logging.md").unwrap()
}

/// The lines the page shows.
fn shown() -> Vec<Value> {
    let page = page();
    let (_, block) = page.split_once("```json\n").unwrap();
    let (block, _) = block.split_once("```").unwrap();
    block.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// A line's fields, and what CloudWatch takes out of it.
fn shape(line: &Value) -> (BTreeSet<String>, Value) {
    let fields = line.as_object().unwrap().keys().cloned().collect();
    (fields, line["_aws"]["CloudWatchMetrics"].clone())
}

#[tokio::test]
async fn the_lines_on_the_page_are_those_that_are_written() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &[machine(1), unknown_machine(1)]).send(&fixture).await;
    fixture.schedule().await;
    for line in shown() {
        let written = fixture.witness.lines.of(line["message"].as_str().unwrap());
        assert!(written.iter().any(|written| shape(written) == shape(&line)), "{line}\n{written:?}");
    }
}

#[tokio::test]
async fn only_the_first_event_of_a_process_is_a_cold_start() {
    let first = |fixture: &Fixture| fixture.witness.lines.of("request")[0]["cold_start"].clone();
    let fixture = Fixture::new().await;
    get("/v1/health").send(&fixture).await;
    assert_eq!(first(&fixture), true);
    let scheduled = Fixture::new().await;
    scheduled.schedule().await;
    get("/v1/health").send(&scheduled).await;
    assert_eq!(first(&scheduled), Value::Null, "the schedule came before");
}

#[test]
fn every_metric_is_on_the_page_and_produced_by_a_test() {
    let page = page();
    let tests = std::fs::read_to_string("tests/it/operations/metrics.rs").unwrap();
    for metric in METRICS {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.unit, metric.says);
        assert!(page.contains(&row), "docs/logging.md lacks: {row}");
        assert!(runbook::counts(&tests, metric.name), "{} is not produced", metric.name);
    }
}
