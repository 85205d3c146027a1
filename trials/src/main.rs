//! Trials of the relay on this machine: `cargo trial killing`, `cargo trial contest`, `cargo trial load`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use comfy_table::{Table, presets};

use defender_tag_relay::config::from_environment;
use defender_tag_relay::domain::Timestamp;
use lambda_runtime::Error;
use tokio::runtime::Builder;
use trials::{
    Answers, Artifact, Contest, Contestant, Hour, Killing, Load, SideBySide, Soak, baseline, contend,
    serve_instance, side_by_side_table,
};

/// Machines of the large backlog, and of each request that makes it up.
const BACKLOG: (usize, usize) = (100_000, 137);
/// How much faster than the machine's the clock of the large backlog is: it waits for the budget.
const BACKLOG_TIMES: i64 = 20;
/// The hour of the side by side: a few requests more than it has calls, on a clock that ends it in three minutes.
const HOUR: Hour = Hour { length_ms: 3_600_000, times: 20, requests: 1_600 };

/// Trials of the relay on this machine. Everything stays on 127.0.0.1 and ends by itself.
#[derive(Debug, Parser)]
#[command(name = "cargo trial", version)]
enum Trial {
    /// Kills relay processes at random moments while requests come, and judges what is left.
    Killing {
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        from: u64,
        /// How many seeds.
        #[arg(long, default_value_t = 5)]
        seeds: u64,
        /// Processes killed with each seed.
        #[arg(long, default_value_t = 8)]
        kills: usize,
    },
    /// Many clients at once, a request when idle, and a backlog of a hundred thousand machines: one table.
    Load,
    /// Many processes on one budget, killed at random moments, while calls are counted late.
    Contest {
        /// The seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Processes at once.
        #[arg(long, default_value_t = 8)]
        contenders: usize,
        /// Processes killed in all.
        #[arg(long, default_value_t = 100)]
        kills: usize,
        /// How much faster than the machine's the clock is.
        #[arg(long, default_value_t = 20)]
        times: i64,
        /// Seconds of the machine's that it takes.
        #[arg(long, default_value_t = 240)]
        seconds: i64,
    },
    /// The function's own binary: start, memory, processor time; judged against their bounds.
    Artifact {
        /// The function's binary, as it is deployed.
        #[arg(long, default_value = ".aws-sam/build/RelayFunction/bootstrap")]
        relay: PathBuf,
        /// The smallest function's: `cargo lambda build --release --package hello` makes it.
        #[arg(long, default_value = "target/lambda/hello/bootstrap")]
        hello: PathBuf,
        /// The machine does other things, too: times are shown, but only memory is judged.
        #[arg(long)]
        busy: bool,
    },
    /// This relay next to a plain one in Python and to one call a machine: one table.
    SideBySide {
        /// The function's binary, as it is deployed.
        #[arg(long, default_value = ".aws-sam/build/RelayFunction/bootstrap")]
        relay: PathBuf,
        /// A Python with the packages of `trials/baseline/requirements.txt`. Without it they are installed.
        #[arg(long)]
        python: Option<PathBuf>,
    },
    /// A mix of senders for minutes, on many relay processes; prints one table.
    Soak {
        /// The seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// How long, in minutes.
        #[arg(long, default_value_t = 10)]
        minutes: i64,
        /// Relay processes.
        #[arg(long, default_value_t = 6)]
        instances: usize,
        /// Senders at once.
        #[arg(long, default_value_t = 12)]
        senders: usize,
    },
    /// One contender process of a contest. Its settings are in the environment.
    #[command(hide = true)]
    Contender {
        /// When the trial's clock began, in milliseconds since the Unix epoch.
        since_ms: i64,
        /// How much faster than the machine's it is.
        times: i64,
    },
    /// One relay process of a trial. Its settings are in the environment.
    #[command(hide = true)]
    Instance {
        /// When the trial's clock began, in milliseconds since the Unix epoch.
        since_ms: i64,
        /// How much faster than the machine's it is.
        times: i64,
    },
}

fn main() -> ExitCode {
    let trial = Trial::parse();
    // A relay's process has one thread, as the function has.
    let mut runtime = match trial {
        Trial::Instance { .. } | Trial::Contender { .. } => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let ran =
        runtime.enable_all().build().map_err(Error::from).and_then(|runtime| runtime.block_on(run(trial)));
    match ran {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(trial: Trial) -> Result<(), Error> {
    match trial {
        Trial::Killing { from, seeds, kills } => kill(from..from + seeds, kills).await,
        Trial::Load => load().await,
        Trial::Contest { seed, contenders, kills, times, seconds } => {
            contest(Contest { seed, contenders, kills, times, seconds, calls_per_hour: 1500 }).await
        }
        Trial::Artifact { relay, hello, busy } => artifact(&relay, &hello, busy).await,
        Trial::SideBySide { relay, python } => side_by_side(&relay, python).await,
        Trial::Soak { seed, minutes, instances, senders } => {
            soak(Soak { seed, instances, senders, pause_ms: 100, seconds: minutes * 60 }).await
        }
        Trial::Contender { since_ms, times } => {
            contend(&from_environment(), Timestamp::from_ms(since_ms), times).await
        }
        Trial::Instance { since_ms, times } => {
            serve_instance(&from_environment(), Timestamp::from_ms(since_ms), times).await
        }
    }
}

async fn kill(seeds: std::ops::Range<u64>, kills: usize) -> Result<(), Error> {
    let binary = std::env::current_exe()?;
    for seed in seeds {
        let plan = Killing { seed, instances: 3, clients: 6, requests: 20, kills, times: 10 };
        let verdict = plan.run(&binary).await.map_err(|fault| format!("seed {seed}: FAULT: {fault}"))?;
        println!("seed {seed}: {verdict:?}");
    }
    Ok(())
}

async fn contest(plan: Contest) -> Result<(), Error> {
    let contested = plan.run(&std::env::current_exe()?).await?;
    println!("seed {}: {contested:?}", plan.seed);
    Ok(())
}

async fn artifact(relay: &Path, hello: &Path, busy: bool) -> Result<(), Error> {
    let measured = Artifact::measure(relay, hello).await?;
    println!("{}", measured.table());
    Ok(measured.judge(busy)?)
}

async fn side_by_side(relay: &Path, python: Option<PathBuf>) -> Result<(), Error> {
    let python = python.map_or_else(baseline::python, Ok)?;
    let contestants = [
        Contestant::ours(relay),
        Contestant::python("plain relay", &python, "relay"),
        Contestant::python("one call a machine", &python, "one_by_one"),
    ];
    let plan = SideBySide { alerts: 1_000, killed_alerts: 200, across_a_minute: true, minute_ms: 60_000 };
    let mut all = plan.measure(&contestants).await?;
    eprintln!("measuring: an hour of this relay");
    all[0].hour = Some(HOUR.run(&std::env::current_exe()?).await?);
    println!("{}", side_by_side_table(&all));
    Ok(())
}

async fn soak(plan: Soak) -> Result<(), Error> {
    println!("seed {}", plan.seed);
    println!("{}", plan.run(&std::env::current_exe()?).await?.table());
    Ok(())
}

async fn load() -> Result<(), Error> {
    let binary = std::env::current_exe()?;
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN);
    table.set_header([
        "run",
        "requests",
        "200",
        "202",
        "else",
        "p50 ms",
        "p99 ms",
        "calls",
        "machines a call",
    ]);
    for (name, clients, requests, tags) in [
        ("one request when idle", 1, 1, 1),
        ("50 clients, one tag", 50, 20, 1),
        ("50 clients, 20 tags mixed", 50, 20, 20),
    ] {
        let load = Load::start(&binary, 1).await?;
        let answers = load.clients(clients, requests, tags).await?;
        load.until_empty().await?;
        table.add_row(row(name, &answers, load.simulator().arrivals().len()));
    }
    println!("{table}");
    backlog(&binary).await
}

fn row(name: &str, answers: &Answers, calls: usize) -> [String; 9] {
    let requests = answers.took_ms.len();
    let [count, done, durable, failed] =
        [requests, answers.done, answers.durable, answers.failed].map(|n| n.to_string());
    let [p50, p99] = [50, 99].map(|percent| answers.within_ms(percent).to_string());
    let a_call = requests.checked_div(calls).unwrap_or_default().to_string();
    [name.to_owned(), count, done, durable, failed, p50, p99, calls.to_string(), a_call]
}

async fn backlog(binary: &Path) -> Result<(), Error> {
    let load = Load::start(binary, BACKLOG_TIMES).await?;
    let (machines, a_request) = BACKLOG;
    let peak_kib = load.backlog(machines, a_request).await?;
    let arrivals = load.simulator().arrivals();
    let sizes: Vec<_> =
        arrivals.iter().filter(|call| call.status == 200).map(|call| call.machine_ids.len()).collect();
    let full = sizes.iter().filter(|size| **size == 500).count();
    let peak = peak_kib.map_or("unknown".to_owned(), |kib| format!("{} MiB", kib / 1024));
    println!(
        "{machines} machines in requests of {a_request}, queued during a pause: {} calls, {full} of them full; \
         peak memory of a process {peak}",
        sizes.len()
    );
    Ok(())
}
