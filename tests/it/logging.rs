//! `docs/logging.md` against what is written.

use std::collections::BTreeSet;

use defender_tag_relay::logging::METRICS;
use serde_json::Value;

use crate::support::{Ask, World, machine, unknown_machine};

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
    let world = World::new().await;
    Ask::add("vip", &[machine(1), unknown_machine(1)]).send(&world).await;
    world.schedule().await;
    for line in shown() {
        let written = world.witness.lines.of(line["message"].as_str().unwrap());
        assert!(written.iter().any(|written| shape(written) == shape(&line)), "{line}\n{written:?}");
    }
}

#[test]
fn every_metric_is_on_the_page_and_produced_by_a_test() {
    let (page, tests) = (page(), std::fs::read_to_string("tests/it/metrics.rs").unwrap());
    for metric in METRICS {
        let row = format!("| `{}` | {} | {} |", metric.name, metric.unit, metric.says);
        assert!(page.contains(&row), "docs/logging.md lacks: {row}");
        assert!(tests.contains(&format!("metric(\"{}\")", metric.name)), "{} is not produced", metric.name);
    }
}
