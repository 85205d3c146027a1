//! What a soak came to, as a table.

use comfy_table::{Table, presets};
use defender_tag_relay::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE};

use super::ceiling::calls_at_most;
use super::memory::JUDGED_FROM_S;
use super::run::{Memory, Soaked};
use crate::harness::figures::{quotient, within};

impl Soaked {
    /// The table.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["what", "figure"]);
        for (what, figure) in self.rows().into_iter().chain(self.memory_rows()) {
            table.add_row([what.to_owned(), figure]);
        }
        table
    }

    fn windows_over(&self) -> usize {
        usize::from(self.most.0 > CALLS_PER_MINUTE as usize)
            + usize::from(self.most.1 > CALLS_PER_HOUR as usize)
    }

    fn rows(&self) -> [(&'static str, String); 12] {
        let (plan, requests, calls) = (self.plan, self.answered_ms.len(), self.calls.len());
        let seconds = usize::try_from(plan.seconds).unwrap_or_default();
        let both = |ms: &[i64]| format!("{} / {}", within(ms, 50), within(ms, 99));
        let share = format!("{} %", calls * 100 / calls_at_most(self.calls_over_s));
        [
            (
                "processes, senders, seconds",
                format!("{}, {}, {}", plan.instances, plan.senders, plan.seconds),
            ),
            (
                "requests sent, and a second",
                format!("{requests}, {}", quotient(requests - self.first, seconds, 0)),
            ),
            ("answer p50 / p99, ms", both(&self.answered_ms)),
            ("accepted, each found done and true", self.accepted.to_string()),
            ("copies, answered with the first one's request", self.copies.to_string()),
            ("lost", self.lost.to_string()),
            ("accepted to applied p50 / p99, ms", both(&self.applied_ms)),
            ("calls, and seconds from the first to the last", format!("{calls}, {}", self.calls_over_s)),
            ("machines a call", quotient(self.calls.iter().sum(), calls, 1)),
            ("share of the budget used", share),
            ("most calls in a minute / an hour", format!("{} / {}", self.most.0, self.most.1)),
            ("windows over", self.windows_over().to_string()),
        ]
    }

    fn memory_rows(&self) -> [(&'static str, String); 5] {
        let Memory { at_rest_kib, thirds_kib: [first, second, third], most_kib } = &self.memory;
        let mib = |kib: &u64| quotient(usize::try_from(*kib).unwrap_or(usize::MAX), 1024, 1);
        let [early, midway, late] = self.waiting;
        let is_judged = self.plan.seconds >= JUDGED_FROM_S;
        [
            ("machines that wait, most in each third of the run", format!("{early} / {midway} / {late}")),
            (
                "memory of all processes at rest, start / end, MiB",
                format!("{} / {}", mib(&at_rest_kib.0), mib(&at_rest_kib.1)),
            ),
            (
                "memory in each third of the run, middle of the looks, MiB",
                format!("{} / {} / {}", mib(first), mib(second), mib(third)),
            ),
            ("most memory, MiB", mib(most_kib)),
            ("memory is", if is_judged { "flat" } else { "not judged: the run is too short" }.to_owned()),
        ]
    }
}
