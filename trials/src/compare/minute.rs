//! A first minute of a fresh budget: requests come without end, and the machines that are tagged in it are counted.

use lambda_runtime::Error;

use super::round::{Round, in_no_hurry, machine, request, says_yes, tagged_within};
use crate::harness::subject::Contestant;

/// Requests that each fill a call, at most: twice what a minute's calls can carry.
const FULL_REQUESTS_MAX: usize = 200;
/// Milliseconds that a sender waits after an answer that is not a yes.
const AFTER_REFUSAL_MS: i64 = 100;
/// Milliseconds by which the first call may come after the first answer.
const FIRST_CALL_MS: i64 = 1_000;

/// What came of it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Minute {
    /// Machines that Defender's 200s listed within the minute after the first call.
    pub tagged: usize,
    /// Machines in the fullest call.
    pub fullest: usize,
    /// Calls in any minute and in any hour, at most.
    pub most: (usize, usize),
}

/// Sends requests for so many machines each, one after the other, until so long after the first call.
pub(crate) async fn run(contestant: &Contestant, machines: usize, length_ms: i64) -> Result<Minute, Error> {
    let round = Round::start(contestant).await?;
    let mut running = round.process().await?;
    let requests = if machines > 1 { FULL_REQUESTS_MAX } else { usize::MAX };
    let mut ends_at = None;
    for n in 0..requests {
        let asked: Vec<_> = (n * machines..(n + 1) * machines).map(machine).collect();
        let (status, _) = running.invoke(in_no_hurry(request(&asked)?)).await?;
        if !says_yes(status) {
            round.pause(AFTER_REFUSAL_MS).await;
        }
        let now = round.clock.now();
        if now >= *ends_at.get_or_insert(now.plus_ms(length_ms)) {
            break;
        }
    }
    if let Some(ends_at) = ends_at {
        round.clock.wait_until(ends_at.plus_ms(FIRST_CALL_MS)).await;
    }
    let arrivals = round.world.simulator.arrivals();
    Ok(Minute {
        tagged: tagged_within(&arrivals, length_ms),
        fullest: arrivals.iter().map(|call| call.machine_ids.len()).max().unwrap_or_default(),
        most: round.most(),
    })
}
