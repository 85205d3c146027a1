//! What a soak came to, as a table.

use comfy_table::{Table, presets};
use defender_tag_relay::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE};

use super::Soaked;

impl Soaked {
    /// The table.
    pub fn table(&self) -> Table {
        let mut table = Table::new();
        table.load_style(presets::ASCII_MARKDOWN);
        table.set_header(["what", "figure"]);
        for (what, figure) in self.rows() {
            table.add_row([what.to_owned(), figure]);
        }
        table
    }

    fn windows_over(&self) -> usize {
        usize::from(self.most.0 > CALLS_PER_MINUTE as usize)
            + usize::from(self.most.1 > CALLS_PER_HOUR as usize)
    }

    fn rows(&self) -> [(&'static str, String); 11] {
        let (plan, requests, calls) = (self.plan, self.answered_ms.len(), self.calls.len());
        let machines: usize = self.calls.iter().sum();
        let of = |ms: &[i64], percent| within(ms, percent).to_string();
        let seconds = usize::try_from(plan.seconds).unwrap_or(1).max(1);
        // What the budget gives in that time: a minute's calls at once, then the minute's rate, then the hour's end.
        let given = (CALLS_PER_MINUTE as usize * (1 + seconds / 60)).min(CALLS_PER_HOUR as usize);
        let tenths = |n: u64| format!("{}.{}", n / 10, n % 10);
        let mib = |kib: u64| tenths(kib * 10 / 1024);
        [
            (
                "processes, senders, seconds",
                format!("{}, {}, {}", plan.instances, plan.senders, plan.seconds),
            ),
            ("requests, and a second", format!("{requests}, {}", requests / seconds)),
            (
                "answer p50 / p99, ms",
                format!("{} / {}", of(&self.answered_ms, 50), of(&self.answered_ms, 99)),
            ),
            (
                "accepted to applied p50 / p99, ms",
                format!("{} / {}", of(&self.applied_ms, 50), of(&self.applied_ms, 99)),
            ),
            ("calls", calls.to_string()),
            ("machines a call", tenths((machines * 10 / calls.max(1)) as u64)),
            ("share of the budget used", format!("{} %", calls * 100 / given)),
            ("most calls in a minute / an hour", format!("{} / {}", self.most.0, self.most.1)),
            ("windows over", self.windows_over().to_string()),
            ("accepted, and found done and true", self.accepted.to_string()),
            (
                "most memory of all processes, first / second half, MiB",
                format!("{} / {}", mib(self.memory_kib.0), mib(self.memory_kib.1)),
            ),
        ]
    }
}

/// Milliseconds within which this share came.
fn within(ms: &[i64], percent: usize) -> i64 {
    let at = (ms.len() * percent).div_ceil(100).max(1) - 1;
    ms.get(at).copied().unwrap_or_default()
}
