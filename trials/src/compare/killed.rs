//! The kill: a process gets SIGKILL in the middle of its alerts, and what it had said yes to is looked for.

use lambda_runtime::Error;

use super::round::{Round, alert, in_no_hurry, machine, says_yes};
use crate::harness::subject::Contestant;

/// Milliseconds after which the process is killed.
const KILLED_AFTER_MS: i64 = 700;

/// What came of the alerts that the killed process had answered 2xx.
#[derive(Clone, Copy, Debug, Default)]
pub struct Killed {
    /// How many there were.
    pub answered: usize,
    /// How many were not applied yet when it was killed.
    pub waiting: usize,
    /// How many never were.
    pub lost: usize,
}

/// Sends at most so many alerts, every second one from a sender who does not want to wait.
pub(crate) async fn run(contestant: &Contestant, alerts: usize) -> Result<Killed, Error> {
    if alerts == 0 {
        return Ok(Killed::default());
    }
    let round = Round::start(contestant).await?;
    let mut dying = round.process().await?;
    let until = round.clock.now().plus_ms(KILLED_AFTER_MS);
    let mut accepted = Vec::new();
    for n in 0..alerts {
        let event = alert(&machine(n))?;
        let event = if n % 2 == 0 { event } else { in_no_hurry(event) };
        tokio::select! {
            biased;
            () = round.clock.wait_until(until) => break,
            answer = dying.invoke(event) => accepted.extend(says_yes(answer?.0).then(|| machine(n))),
        }
    }
    dying.kill().await?;
    let waiting = round.untagged(&accepted);
    let lost = round.left(&mut round.process().await?, &accepted).await?;
    Ok(Killed { answered: accepted.len(), waiting, lost })
}
