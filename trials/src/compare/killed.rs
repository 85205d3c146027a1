//! The kill: a process gets SIGKILL in the middle of its alerts. Then the alerts that it had accepted are looked for.

use lambda_runtime::Error;

use super::phase::{Phase, alert, is_success, machine, without_waiting};
use crate::harness::Subject;

/// Milliseconds after which the process is killed.
const KILLED_AFTER_MS: i64 = 700;

/// The alerts that the killed process had answered with 2xx.
#[derive(Clone, Copy, Debug, Default)]
pub struct KillReport {
    /// All of them.
    pub answered: usize,
    /// Those that were not applied yet when the process was killed.
    pub waiting: usize,
    /// Those that were never applied.
    pub lost: usize,
}

/// Sends at most this many alerts. The sender of every second alert does not wait for the outcome.
pub(super) async fn run(subject: &Subject, alerts: usize) -> Result<KillReport, Error> {
    if alerts == 0 {
        return Ok(KillReport::default());
    }
    let phase = Phase::start(subject).await?;
    let mut dying = phase.process().await?;
    let until = phase.clock.now().plus_ms(KILLED_AFTER_MS);
    let mut accepted = Vec::new();
    for n in 0..alerts {
        let event = alert(&machine(n))?;
        let event = if n % 2 == 0 { event } else { without_waiting(event) };
        tokio::select! {
            biased;
            () = phase.clock.wait_until(until) => break,
            answer = dying.invoke(event) => accepted.extend(is_success(answer?.0).then(|| machine(n))),
        }
    }
    dying.kill().await?;
    let waiting = phase.untagged(&accepted);
    let lost = phase.count_unapplied(&mut phase.process().await?, &accepted).await?;
    Ok(KillReport { answered: accepted.len(), waiting, lost })
}
