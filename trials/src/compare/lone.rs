//! Alerts that come alone: each is sent after the previous one is applied.

use lambda_runtime::Error;

use super::phase::{Phase, alert, machine};
use crate::harness::Subject;

/// Alerts that are measured.
const ALERTS: usize = 20;

/// Microseconds to each answer that says that its machine is tagged, the shortest first.
pub(super) async fn run(subject: &Subject) -> Result<Vec<i64>, Error> {
    let phase = Phase::start(subject).await?;
    let mut running = phase.process().await?;
    let mut took_us = Vec::with_capacity(ALERTS);
    // The first one builds connections and fetches the token.
    for n in 0..=ALERTS {
        let machine = machine(n);
        let (status, us) = running.invoke(alert(&machine)?).await?;
        if phase.count_unapplied(&mut running, std::slice::from_ref(&machine)).await? > 0 {
            return Err(format!("{}: a lone alert is not applied", subject.name).into());
        }
        if n > 0 && status == 200 {
            took_us.push(us);
        }
    }
    took_us.sort_unstable();
    Ok(took_us)
}
