//! The first minute of a fresh budget: requests come without end, and the machines tagged in that minute are counted.

use lambda_runtime::Error;

use super::phase::{MostCalls, Phase, is_success, machine, request, tagged_within, without_waiting};
use crate::harness::Subject;

/// The most requests that each fill a call: twice as many as a minute has calls.
const FULL_REQUESTS_MAX: usize = 200;
/// Milliseconds that a sender waits after a refusal.
const AFTER_REFUSAL_MS: i64 = 100;
/// Milliseconds by which the first call may follow the first answer.
const FIRST_CALL_MS: i64 = 1_000;

/// The figures of a minute.
#[derive(Clone, Copy, Debug, Default)]
pub struct MinuteReport {
    /// Machines that Defender's 200s listed within the minute after the first call.
    pub tagged: usize,
    /// Machines in the fullest call.
    pub fullest: usize,
    /// The most calls in any minute and in any hour.
    pub most: MostCalls,
}

/// Sends requests for this many machines each, one after the other, until `length_ms` after the first answer.
pub(super) async fn run(subject: &Subject, machines: usize, length_ms: i64) -> Result<MinuteReport, Error> {
    let phase = Phase::start(subject).await?;
    let mut running = phase.process().await?;
    let requests = if machines > 1 { FULL_REQUESTS_MAX } else { usize::MAX };
    let mut ends_at = None;
    for n in 0..requests {
        let asked: Vec<_> = (n * machines..(n + 1) * machines).map(machine).collect();
        let (status, _) = running.invoke(without_waiting(request(&asked)?)).await?;
        if !is_success(status) {
            phase.pause(AFTER_REFUSAL_MS).await;
        }
        let now = phase.clock.now();
        if now >= *ends_at.get_or_insert(now.plus_ms(length_ms)) {
            break;
        }
    }
    if let Some(ends_at) = ends_at {
        phase.clock.wait_until(ends_at.plus_ms(FIRST_CALL_MS)).await;
    }
    let arrivals = phase.fixture.simulator.arrivals();
    Ok(MinuteReport {
        tagged: tagged_within(&arrivals, length_ms),
        fullest: arrivals.iter().map(|call| call.machine_ids.len()).max().unwrap_or_default(),
        most: phase.most(),
    })
}
