//! What the contestants came to, side by side.

use comfy_table::{Table, presets};

use super::comparison::Measured;
use crate::harness::figures::{quotient, within};

/// Calls that Defender takes in any minute and in any hour. Source: Microsoft, "Add or remove a tag for multiple machines".
const DEFENDER_CALLS: (usize, usize) = (100, 1_500);

/// What is told, and of each contestant its figure.
type Row = (&'static str, fn(&Measured) -> String);

const ROWS: [Row; 17] = [
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
    ("most calls in 60 s", |one| one.most().0.to_string()),
    ("windows over: minutes, hours", |one| {
        let (over, (minute, hour)) = (DEFENDER_CALLS, one.most());
        format!("{}, {}", u8::from(minute > over.0), u8::from(hour > over.1))
    }),
    ("answered 2xx before a kill, not applied then, lost", |one| {
        format!("{}, {}, {}", one.killed.answered, one.killed.waiting, one.killed.lost)
    }),
];

/// The table: a row for each thing measured, a column for each contestant.
pub fn table(all: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let names = all.iter().map(|one| one.name.to_owned());
    table.set_header(std::iter::once("what".to_owned()).chain(names));
    for (what, figure) in ROWS {
        table.add_row(std::iter::once(what.to_owned()).chain(all.iter().map(figure)));
    }
    table
}

/// Where it was not measured, what Defender's limit lets through of calls as full as in the minute.
fn hour(one: &Measured) -> String {
    let at_most = || format!("at most {}, by the limit", DEFENDER_CALLS.1 * one.full_each.fullest);
    one.hour.map_or_else(at_most, |tagged| tagged.to_string())
}

fn both(sorted: &[i64], shown: fn(i64) -> String) -> String {
    format!("{} / {}", shown(within(sorted, 50)), shown(within(sorted, 99)))
}

fn ms(us: i64) -> String {
    format!("{}.{}", us / 1000, us % 1000 / 100)
}
