//! What the contestants came to, side by side.

use comfy_table::{Table, presets};
use defender_tag_relay::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE};

use super::Measured;

/// Machines in a call when more wait than it can carry; whoever sends each alert by itself sends one.
const MACHINES_PER_CALL: usize = 500;

/// What is told, and of each contestant its figure.
type Row = (&'static str, fn(&Measured) -> String);

/// The table: a row for each thing measured, a column for each contestant.
pub fn table(all: &[Measured]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    let names = all.iter().map(|one| one.name.to_owned());
    table.set_header(std::iter::once("what".to_owned()).chain(names));
    let rows: [Row; 12] = [
        ("start to ready, ms", |one| ms(one.ready_us)),
        ("warm 2xx p50 / p99, ms", |one| {
            format!("{} / {}", ms(within(&one.answered_us, 50)), ms(within(&one.answered_us, 99)))
        }),
        ("processor time an alert, ms", |one| ms(i64::try_from(one.cpu_us).unwrap_or(i64::MAX))),
        ("resident memory, MiB", |one| (one.memory_kib / 1024).to_string()),
        ("operations of the table an applied alert", |one| tenths(one.store_operations, one.applied)),
        ("alerts applied, of those sent once", |one| format!("{} of {}", one.applied, one.alerts)),
        ("calls for 1,000 applied alerts", |one| (one.calls * 1000).div_ceil(one.applied.max(1)).to_string()),
        ("most calls in 60 s", |one| one.most_in_a_minute.to_string()),
        ("windows over", |one| usize::from(one.most_in_a_minute > CALLS_PER_MINUTE as usize).to_string()),
        ("machines tagged in a first minute", |one| (full(one) * CALLS_PER_MINUTE as usize).to_string()),
        ("machines tagged in a first hour", |one| (full(one) * CALLS_PER_HOUR as usize).to_string()),
        ("answered 2xx before a kill, and lost", |one| format!("{}, {}", one.killed.0, one.killed.1)),
    ];
    for (what, figure) in rows {
        table.add_row(std::iter::once(what.to_owned()).chain(all.iter().map(figure)));
    }
    table
}

/// Machines in a call while alerts come without end.
fn full(one: &Measured) -> usize {
    if one.fullest > 1 { MACHINES_PER_CALL } else { 1 }
}

fn ms(us: i64) -> String {
    format!("{}.{}", us / 1000, us % 1000 / 100)
}

fn tenths(dividend: usize, divisor: usize) -> String {
    let tenths = dividend * 10 / divisor.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

fn within(sorted: &[i64], percent: usize) -> i64 {
    let at = (sorted.len() * percent).div_ceil(100).max(1) - 1;
    sorted.get(at).copied().unwrap_or_default()
}
