//! What the budget costs and yields, next to two well-known ways of keeping a limit, on the same engine.
//!
//! Time is simulated: the tasks are real (the relay's store, the AWS SDK, the embedded engine), the messages
//! between them take two to eight milliseconds there and back, one item serves a thousand operations a second,
//! clocks are up to 100 ms off, and waiting costs nothing. So the figures are the same on every machine, but
//! for the time of the pure decision, which is measured by the machine's clock.
#![allow(missing_docs, unreachable_pub, reason = "a benchmark has no interface")]

mod cas_bucket;
mod decision;
mod fixed_window;
mod item;

use comfy_table::{Table, presets};
use defender_tag_relay::domain::Priority;
use defender_tag_relay::domain::budget::Limits;
use trials::percentile;
use trials::virtual_time::{Contention, ContentionReport, Goal, Limiter, RelayLimiter};

const SEED: u64 = 20_261_124;
const HOUR: Goal = Goal::Seconds(3_600);
/// Calls after which a run ends that would take too long: a token bucket in a herd.
const FEW: Goal = Goal::Calls(110);

fn main() -> Result<(), String> {
    println!("seed {SEED}; saturating contenders for an hour of simulated time, unless a row says otherwise");
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_header([
        "limiter",
        "contenders",
        "calls",
        "writes",
        "refused",
        "reads",
        "units",
        "p50 ms",
        "p99 ms",
        "share of hour",
        "first 100 s",
        "first 500 s",
        "most in 60 s",
        "in 3600 s",
    ]);
    for contenders in [1, 20, 50, 500] {
        row(&mut table, "relay", contenders, HOUR, budget)?;
    }
    row(&mut table, "relay, one call each", 500, Goal::One, budget)?;
    for contenders in [1, 50, 500] {
        row(&mut table, "fixed window", contenders, HOUR, fixed_window::FixedWindow::new)?;
    }
    for (contenders, goal) in [(1, HOUR), (50, FEW), (500, FEW)] {
        row(&mut table, "token bucket", contenders, goal, cas_bucket::CasBucket::new)?;
    }
    println!("{table}\n");
    println!(
        "writes, refused, reads and units are for each call that was granted; a unit is a write or a read of"
    );
    println!("an item under a kilobyte. p50, p99: from asking to being told, whatever was told.\n");
    decision::print();
    Ok(())
}

fn budget(contention: &Contention, place: u64) -> RelayLimiter {
    RelayLimiter::new(&contention.table, Priority::Urgent, Limits::default(), SEED + place)
}

fn row<L: Limiter>(
    table: &mut Table,
    name: &str,
    contenders: u64,
    goal: Goal,
    limiter: impl Fn(&Contention, u64) -> L,
) -> Result<(), String> {
    let contention = Contention::new(goal, SEED + contenders).map_err(|error| error.to_string())?;
    let measured = contention.run((0..contenders).map(|place| limiter(&contention, place)).collect())?;
    let name = if goal == FEW { format!("{name}, first 110 calls") } else { name.to_owned() };
    table.add_row(cells(&name, contenders, goal, &measured));
    Ok(())
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^52")]
fn cells(name: &str, contenders: u64, goal: Goal, measured: &ContentionReport) -> Vec<String> {
    let calls = measured.grants.len();
    let operations = measured.operations;
    let each = |count: u64| format!("{:.2}", count as f64 / calls.max(1) as f64);
    let ms = |percent| format!("{:.1}", percentile(&measured.answers_us, percent) as f64 / 1e3);
    let seconds = |n| measured.seconds_to(n).map_or_else(|| "–".into(), |s| format!("{s:.1}"));
    let share = format!("{:.1} %", calls as f64 * 100.0 / 1500.0);
    vec![
        name.to_owned(),
        contenders.to_string(),
        calls.to_string(),
        each(operations.writes),
        each(operations.refused),
        each(operations.reads),
        each(operations.writes + operations.reads),
        ms(50),
        ms(99),
        if goal == HOUR { share } else { "–".into() },
        seconds(100),
        seconds(500),
        measured.most_in_window(60).to_string(),
        measured.most_in_window(3_600).to_string(),
    ]
}
