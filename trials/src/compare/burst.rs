//! The burst: one-machine alerts at a steady pace, each sent once, across the end of a minute.

use lambda_runtime::Error;

use super::phase::{MINUTE_MS, MostCalls, Phase, alert, is_success, machine};
use crate::harness::{RunningSubject, Subject};

/// Milliseconds before the end of a minute at which the burst begins, so that its calls fall on both sides of a fixed
/// window's end.
const BEFORE_MINUTE_MS: i64 = 8_000;
/// Milliseconds from one alert to the next.
const ALERT_EVERY_MS: i64 = 16;
/// Alerts that build connections and fetch the token. They count, except for the time of their answers.
const COLD_ALERTS: usize = 3;

/// The figures of the burst.
#[derive(Clone, Debug)]
pub struct BurstReport {
    /// Alerts sent.
    pub alerts: usize,
    /// Microseconds to each warm 2xx, the shortest first.
    pub answered_us: Vec<i64>,
    /// Milliseconds from sending each applied alert to Defender's 200 about its machine, the shortest first.
    pub applied_ms: Vec<i64>,
    /// Microseconds of processor time for the whole burst.
    pub cpu_us: usize,
    /// KiB after the burst.
    pub memory_kib: u64,
    /// Operations of the table for the whole burst.
    pub store_operations: usize,
    /// Calls of the whole burst.
    pub calls: usize,
    /// The most calls in any minute and in any hour.
    pub most: MostCalls,
}

/// Sends these alerts, across the end of a minute if that is wanted.
pub(super) async fn run(
    subject: &Subject,
    alerts: usize,
    across_a_minute: bool,
) -> Result<BurstReport, Error> {
    let phase = Phase::start(subject).await?;
    let mut running = phase.process().await?;
    if across_a_minute {
        until_before_minute(&phase).await;
    }
    let operations = phase.table.count();
    let cpu_us = running.cpu_us()?;
    let (sent_at_ms, answered_us) = send(&phase, &mut running, alerts).await?;
    let applied_at_ms = phase.applied_at_ms();
    let mut applied_ms: Vec<_> = sent_at_ms
        .iter()
        .enumerate()
        .filter_map(|(n, sent)| applied_at_ms.get(&machine(n)).map(|at| at - sent))
        .collect();
    applied_ms.sort_unstable();
    Ok(BurstReport {
        alerts,
        answered_us,
        applied_ms,
        cpu_us: usize::try_from(running.cpu_us()? - cpu_us)?,
        memory_kib: running.memory_kib(),
        store_operations: phase.table.count() - operations,
        calls: phase.fixture.simulator.arrivals().len(),
        most: phase.most(),
    })
}

/// Sends the alerts and waits until the accepted ones are applied. Returns when each was sent, and the time to each warm
/// 2xx.
async fn send(
    phase: &Phase<'_>,
    running: &mut RunningSubject,
    alerts: usize,
) -> Result<(Vec<i64>, Vec<i64>), Error> {
    let began_at = phase.clock.now();
    let mut sent_at_ms = Vec::with_capacity(alerts);
    let mut answered_us = Vec::with_capacity(alerts);
    let mut accepted = Vec::new();
    for n in 0..alerts {
        phase.clock.wait_until(began_at.plus_ms(i64::try_from(n)? * ALERT_EVERY_MS)).await;
        sent_at_ms.push(phase.clock.now().ms());
        let (status, took_us) = running.invoke(alert(&machine(n))?).await?;
        if is_success(status) {
            accepted.push(machine(n));
            answered_us.extend((n >= COLD_ALERTS).then_some(took_us));
        }
    }
    phase.count_unapplied(running, &accepted).await?;
    answered_us.sort_unstable();
    Ok((sent_at_ms, answered_us))
}

async fn until_before_minute(phase: &Phase<'_>) {
    let now_ms = phase.clock.now().ms();
    let end_ms = (now_ms + BEFORE_MINUTE_MS).div_euclid(MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    phase.pause(end_ms - BEFORE_MINUTE_MS - now_ms).await;
}
