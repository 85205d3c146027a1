//! The table of the comparison.

use comfy_table::{Table, presets};

use super::report::SubjectReport;
use crate::harness::{percentile, quotient};

/// Calls that Defender accepts in any minute. Source: Microsoft, "Add or remove a tag for multiple machines".
const CALLS_PER_MINUTE: usize = 100;
/// Calls that Defender accepts in any hour. Source: the same page.
const CALLS_PER_HOUR: usize = 1_500;

/// The name of a row, and how to get a subject's figure.
type ComparisonRow = (&'static str, fn(&SubjectReport) -> String);

const ROWS: [ComparisonRow; 17] = [
    ("start to ready, ms", |one| ms(one.ready_us)),
    ("resident memory, MiB", |one| (one.burst.memory_kib / 1024).to_string()),
    ("processor time an alert, ms", |one| quotient(one.burst.cpu_us, one.burst.alerts * 1000, 1)),
    ("processor time an applied alert, ms", |one| {
        quotient(one.burst.cpu_us, one.burst.applied_ms.len() * 1000, 1)
    }),
    ("answer, any 2xx: p50 / p99, ms", |one| both(&one.burst.answered_us, ms)),
    ("alert to applied: p50 / p99, ms", |one| both(&one.burst.applied_ms, |ms| ms.to_string())),
    ("lone alert, applied in its answer: p50 / p99, ms", |one| both(&one.lone_us, ms)),
    ("alerts applied, of those sent once", |one| {
        format!("{} of {}", one.burst.applied_ms.len(), one.burst.alerts)
    }),
    ("calls for 1,000 applied alerts", |one| {
        (one.burst.calls * 1000).div_ceil(one.burst.applied_ms.len().max(1)).to_string()
    }),
    ("operations of the table an alert", |one| quotient(one.burst.store_operations, one.burst.alerts, 1)),
    ("operations of the table an applied alert", |one| {
        quotient(one.burst.store_operations, one.burst.applied_ms.len(), 1)
    }),
    ("machines tagged in a first minute, one an alert", |one| one.one_each.tagged.to_string()),
    ("machines tagged in a first minute, 500 a request", |one| one.full_each.tagged.to_string()),
    ("machines tagged in a first hour, 500 a request", hour),
    ("most calls in 60 s", |one| one.most().in_a_minute.to_string()),
    ("windows over: minutes, hours", |one| {
        let most = one.most();
        let minutes = u8::from(most.in_a_minute > CALLS_PER_MINUTE);
        let hours = u8::from(most.in_an_hour > CALLS_PER_HOUR);
        format!("{minutes}, {hours}")
    }),
    ("answered 2xx before a kill, not applied then, lost", |one| {
        format!("{}, {}, {}", one.killed.answered, one.killed.waiting, one.killed.lost)
    }),
];

/// The table, with a row for each figure and a column for each subject.
pub fn comparison_table(all: &[SubjectReport]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let names = all.iter().map(|one| one.name.to_owned());
    table.set_header(std::iter::once("what".to_owned()).chain(names));
    for (what, figure) in ROWS {
        table.add_row(std::iter::once(what.to_owned()).chain(all.iter().map(figure)));
    }
    table
}

/// The machines of an hour. If the hour was not measured: the most that Defender's limit permits with calls as full as
/// those of the minute.
fn hour(one: &SubjectReport) -> String {
    let at_most = || format!("at most {}, by the limit", CALLS_PER_HOUR * one.full_each.fullest);
    one.hour.map_or_else(at_most, |tagged| tagged.to_string())
}

fn both(sorted: &[i64], shown: fn(i64) -> String) -> String {
    format!("{} / {}", shown(percentile(sorted, 50)), shown(percentile(sorted, 99)))
}

fn ms(us: i64) -> String {
    format!("{}.{}", us / 1000, us % 1000 / 100)
}
