//! The table of a soak.

use comfy_table::{Table, presets};
use defender_tag_relay::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE};

use super::ceiling::calls_at_most;
use super::memory::JUDGED_FROM_S;
use super::report::SoakReport;
use crate::harness::{percentile, quotient};

/// The table, with a row for each figure.
pub fn soak_table(report: &SoakReport) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header(["what", "figure"]);
    for (what, figure) in rows(report).into_iter().chain(memory_rows(report)) {
        table.add_row([what.to_owned(), figure]);
    }
    table
}

fn rows(report: &SoakReport) -> [(&'static str, String); 12] {
    let plan = report.plan;
    let requests = report.answered_ms.len();
    let calls = report.calls.len();
    let seconds = usize::try_from(plan.seconds).unwrap_or_default();
    let both = |ms: &[i64]| format!("{} / {}", percentile(ms, 50), percentile(ms, 99));
    let share = format!("{} %", calls * 100 / calls_at_most(report.calls_over_s));
    let most = format!("{} / {}", report.most_in_a_minute, report.most_in_an_hour);
    [
        ("processes, senders, seconds", format!("{}, {}, {}", plan.instances, plan.senders, plan.seconds)),
        (
            "requests sent, and a second",
            format!("{requests}, {}", quotient(requests - report.first_answers, seconds, 0)),
        ),
        ("answer p50 / p99, ms", both(&report.answered_ms)),
        ("accepted, each found done and true", report.accepted.to_string()),
        ("copies, answered with the first one's request", report.copies.to_string()),
        ("lost", report.lost.to_string()),
        ("accepted to applied p50 / p99, ms", both(&report.applied_ms)),
        ("calls, and seconds from the first to the last", format!("{calls}, {}", report.calls_over_s)),
        ("machines a call", quotient(report.calls.iter().sum(), calls, 1)),
        ("share of the budget used", share),
        ("most calls in a minute / an hour", most),
        ("windows over", windows_over(report).to_string()),
    ]
}

fn windows_over(report: &SoakReport) -> usize {
    usize::from(report.most_in_a_minute > CALLS_PER_MINUTE as usize)
        + usize::from(report.most_in_an_hour > CALLS_PER_HOUR as usize)
}

fn memory_rows(report: &SoakReport) -> [(&'static str, String); 5] {
    let memory = &report.memory;
    let mib = |kib: u64| quotient(usize::try_from(kib).unwrap_or(usize::MAX), 1024, 1);
    let [first, second, third] = memory.thirds_kib.map(mib);
    let [early, midway, late] = report.waiting;
    let is_judged = report.plan.seconds >= JUDGED_FROM_S;
    [
        ("machines that wait, most in each third of the run", format!("{early} / {midway} / {late}")),
        (
            "memory of all processes at rest, start / end, MiB",
            format!("{} / {}", mib(memory.start_kib), mib(memory.end_kib)),
        ),
        (
            "memory in each third of the run, middle of the looks, MiB",
            format!("{first} / {second} / {third}"),
        ),
        ("most memory, MiB", mib(memory.most_kib)),
        ("memory is", if is_judged { "flat" } else { "not judged: the run is too short" }.to_owned()),
    ]
}
