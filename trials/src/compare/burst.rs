//! The burst: one-machine alerts at a steady pace, each sent once, across the end of a minute.

use lambda_runtime::Error;

use super::comparison::{MINUTE_MS, SideBySide};
use super::round::{Round, alert, machine, says_yes};
use crate::harness::subject::{Contestant, Running};

/// Milliseconds before the end of a minute at which the burst begins: so its calls stand on both sides of a fixed
/// window's end.
const BEFORE_MINUTE_MS: i64 = 8_000;
/// Milliseconds from one alert to the next.
const ALERT_EVERY_MS: i64 = 16;
/// Alerts that build connections and fetch the token; they count, but for the time of their answers.
const COLD_ALERTS: usize = 3;

/// What came of the burst.
#[derive(Clone, Debug)]
pub struct Burst {
    /// Alerts sent.
    pub alerts: usize,
    /// Microseconds to each warm 2xx, the shortest first.
    pub answered_us: Vec<i64>,
    /// Milliseconds from sending an alert to Defender's 200 about its machine, of those applied, the shortest first.
    pub applied_ms: Vec<i64>,
    /// Microseconds of processor time for all of it.
    pub cpu_us: usize,
    /// KiB after the burst.
    pub memory_kib: u64,
    /// Operations of the table for all of it.
    pub store_operations: usize,
    /// Calls that it took.
    pub calls: usize,
    /// Calls in any minute and in any hour, at most.
    pub most: (usize, usize),
}

pub(crate) async fn run(contestant: &Contestant, plan: SideBySide) -> Result<Burst, Error> {
    let round = Round::start(contestant).await?;
    let mut running = round.process().await?;
    if plan.across_a_minute {
        until_before_minute(&round).await;
    }
    let (operations, cpu_us) = (round.store.count(), running.cpu_us()?);
    let (sent_at_ms, answered_us) = send(&round, &mut running, plan.alerts).await?;
    let applied_at_ms = round.applied_at_ms();
    let mut applied_ms: Vec<_> = sent_at_ms
        .iter()
        .enumerate()
        .filter_map(|(n, sent)| applied_at_ms.get(&machine(n)).map(|at| at - sent))
        .collect();
    applied_ms.sort_unstable();
    Ok(Burst {
        alerts: plan.alerts,
        answered_us,
        applied_ms,
        cpu_us: usize::try_from(running.cpu_us()? - cpu_us)?,
        memory_kib: running.memory_kib(),
        store_operations: round.store.count() - operations,
        calls: round.world.simulator.arrivals().len(),
        most: round.most(),
    })
}

/// Sends the alerts and waits for what was accepted. When each was sent, and the time to each warm 2xx.
async fn send(
    round: &Round<'_>,
    running: &mut Running,
    alerts: usize,
) -> Result<(Vec<i64>, Vec<i64>), Error> {
    let began_at = round.clock.now();
    let (mut sent_at_ms, mut answered_us, mut accepted) = (Vec::new(), Vec::new(), Vec::new());
    for n in 0..alerts {
        round.clock.wait_until(began_at.plus_ms(i64::try_from(n)? * ALERT_EVERY_MS)).await;
        sent_at_ms.push(round.clock.now().ms());
        let (status, took_us) = running.invoke(alert(&machine(n))?).await?;
        if says_yes(status) {
            accepted.push(machine(n));
            answered_us.extend((n >= COLD_ALERTS).then_some(took_us));
        }
    }
    round.left(running, &accepted).await?;
    answered_us.sort_unstable();
    Ok((sent_at_ms, answered_us))
}

async fn until_before_minute(round: &Round<'_>) {
    let now_ms = round.clock.now().ms();
    let end_ms = (now_ms + BEFORE_MINUTE_MS).div_euclid(MINUTE_MS) * MINUTE_MS + MINUTE_MS;
    round.pause(end_ms - BEFORE_MINUTE_MS - now_ms).await;
}
