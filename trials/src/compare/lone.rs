//! Alerts that come alone: each is sent when the one before it is applied.

use lambda_runtime::Error;

use super::round::{Round, alert, machine};
use crate::harness::subject::Contestant;

/// Alerts that are measured.
const ALERTS: usize = 20;

/// Microseconds to each answer that says that its machine is tagged, the shortest first.
pub(crate) async fn run(contestant: &Contestant) -> Result<Vec<i64>, Error> {
    let round = Round::start(contestant).await?;
    let mut running = round.process().await?;
    let mut took_us = Vec::with_capacity(ALERTS);
    // The first one builds connections and fetches the token.
    for n in 0..=ALERTS {
        let machine = machine(n);
        let (status, us) = running.invoke(alert(&machine)?).await?;
        if round.left(&mut running, std::slice::from_ref(&machine)).await? > 0 {
            return Err(format!("{}: a lone alert is not applied", contestant.name).into());
        }
        if n > 0 && status == 200 {
            took_us.push(us);
        }
    }
    took_us.sort_unstable();
    Ok(took_us)
}
