//! The command `cargo trial`: load, soak and crash tests of the relay on this machine, and comparisons.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use defender_tag_relay::config::from_environment;
use defender_tag_relay::domain::Timestamp;
use lambda_runtime::Error;
use tokio::runtime::Builder;
use trials::{
    ArtifactReport, CrashTest, LimiterTest, SoakTest, compare_all, comparison_table, run_load_tests,
    run_long_tests, run_worker, serve_instance, soak_table,
};

/// Trials of the relay on this machine. Everything stays on 127.0.0.1 and ends by itself.
#[derive(Debug, Parser)]
#[command(name = "cargo trial", version)]
enum Trial {
    /// Kills relay processes at random moments while requests arrive, and checks that nothing is lost.
    Crash {
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
    /// Many processes share one budget and are killed at random moments, while calls are counted late.
    Limiter {
        /// The seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// Worker processes at once.
        #[arg(long, default_value_t = 8)]
        workers: usize,
        /// Processes killed in all.
        #[arg(long, default_value_t = 100)]
        kills: usize,
        /// How much faster than the machine's the run's clock is.
        #[arg(long, default_value_t = 20)]
        speed: i64,
        /// How long the run takes, in seconds of the machine's clock.
        #[arg(long, default_value_t = 240)]
        seconds: i64,
    },
    /// The function's own binary: start, memory and processor time, checked against their bounds.
    Artifact {
        /// The function's binary, as it is deployed.
        #[arg(long, default_value = ".aws-sam/build/RelayFunction/bootstrap")]
        relay: PathBuf,
        /// The smallest function's binary: `cargo lambda build --release --package hello` makes it.
        #[arg(long, default_value = "target/lambda/hello/bootstrap")]
        hello: PathBuf,
        /// The machine does other work, too: times are shown, but only memory is checked.
        #[arg(long)]
        busy: bool,
    },
    /// This relay next to a plain one in Python and to one call for each machine: one table.
    SideBySide {
        /// The function's binary, as it is deployed.
        #[arg(long, default_value = ".aws-sam/build/RelayFunction/bootstrap")]
        relay: PathBuf,
        /// A Python with the packages of `trials/baseline/requirements.txt`. Without it they are installed.
        #[arg(long)]
        python: Option<PathBuf>,
    },
    /// A mix of senders for minutes, on many relay processes: one table.
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
    /// All tests of the workspace, with everything that the usual run leaves out.
    LongTests,
    /// One worker process of the limiter test. Its settings are in the environment.
    #[command(hide = true)]
    Worker(RunClock),
    /// One relay process of a trial. Its settings are in the environment.
    #[command(hide = true)]
    Instance(RunClock),
}

/// The clock of a trial, as its processes are given it.
#[derive(Clone, Copy, Debug, clap::Args)]
struct RunClock {
    /// When the trial's clock began, in milliseconds since the Unix epoch.
    since_ms: i64,
    /// How much faster than the machine's the clock is.
    speed: i64,
}

fn main() -> ExitCode {
    let trial = Trial::parse();
    // A relay's process has one thread, as the function has.
    let mut runtime = match trial {
        Trial::Instance(_) | Trial::Worker(_) => Builder::new_current_thread(),
        _ => Builder::new_multi_thread(),
    };
    let runtime = runtime.enable_all().build().map_err(Error::from);
    match runtime.and_then(|runtime| runtime.block_on(run(trial))) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(trial: Trial) -> Result<ExitCode, Error> {
    let binary = std::env::current_exe()?;
    match trial {
        Trial::Crash { from, seeds, kills } => crash(from..from + seeds, kills, &binary).await?,
        Trial::Load => run_load_tests(&binary).await?,
        Trial::Limiter { seed, workers, kills, speed, seconds } => {
            let plan = LimiterTest { seed, workers, kills, speed, seconds, calls_per_hour: 1500 };
            println!("seed {seed}: {:?}", plan.run(&binary).await?);
        }
        Trial::Artifact { relay, hello, busy } => artifact(&relay, &hello, busy).await?,
        Trial::SideBySide { relay, python } => {
            println!("{}", comparison_table(&compare_all(&relay, python, &binary).await?));
        }
        Trial::Soak { seed, minutes, instances, senders } => {
            let plan = SoakTest { seed, instances, senders, pause_ms: 100, seconds: minutes * 60 };
            println!("seed {seed}");
            println!("{}", soak_table(&plan.run(&binary).await?));
        }
        Trial::LongTests => return Ok(run_long_tests()?),
        Trial::Worker(clock) => run_worker(&from_environment(), clock.since(), clock.speed).await?,
        Trial::Instance(clock) => serve_instance(&from_environment(), clock.since(), clock.speed).await?,
    }
    Ok(ExitCode::SUCCESS)
}

impl RunClock {
    fn since(self) -> Timestamp {
        Timestamp::from_ms(self.since_ms)
    }
}

async fn crash(seeds: std::ops::Range<u64>, kills: usize, binary: &Path) -> Result<(), Error> {
    for seed in seeds {
        let plan = CrashTest { seed, instances: 3, clients: 6, requests: 20, kills, speed: 10 };
        let report = plan.run(binary).await.map_err(|fault| format!("seed {seed}: FAULT: {fault}"))?;
        println!("seed {seed}: {report:?}");
    }
    Ok(())
}

async fn artifact(relay: &Path, hello: &Path, busy: bool) -> Result<(), Error> {
    let report = ArtifactReport::measure(relay, hello).await?;
    println!("{}", report.table());
    Ok(report.judge(busy)?)
}
