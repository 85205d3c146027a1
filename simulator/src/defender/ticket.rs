//! A call between receipt and answer.

use super::call::Call;
use super::{answers, faults, judge};
use crate::reply::Reply;
use crate::world::{SharedSite, World};
use crate::{Arrival, Fault};

/// A call's place in the log and what is to happen to it, both fixed on receipt.
pub(crate) struct Ticket {
    index: usize,
    generation: u64,
    fault: Option<Fault>,
    counted_at_ms: u64,
    /// Milliseconds until the call is counted.
    pub(crate) wait_ms: u64,
}

impl Ticket {
    pub(crate) fn take(site: &SharedSite, call: &Call) -> Self {
        let received_at_ms = site.now_ms();
        let mut world = site.world();
        let wait_ms = world.switches.count_delay_ms;
        let counted_at_ms = received_at_ms + wait_ms;
        let index = world.arrivals.len();
        world.arrivals.push(Arrival {
            counted_at_ms,
            received_at_ms,
            value: call.value.clone(),
            action: call.action.clone(),
            machine_ids: call.machine_ids.clone(),
            status: 0,
            listed: Vec::new(),
        });
        let fault = world.faults.pop_front();
        Self { index, generation: world.generation, fault, counted_at_ms, wait_ms }
    }

    /// Counts the call and decides its answer, in one step no other call can come between.
    pub(crate) fn settle(&self, site: &SharedSite, call: &Call) -> Reply {
        let mut world = site.world();
        if world.generation != self.generation {
            return Reply::cut();
        }
        let refused = self.count(&mut world);
        let reply = self.decide(&mut world, call, refused);
        if let Some(arrival) = world.arrivals.get_mut(self.index) {
            arrival.status = reply.status;
            arrival.listed = answers::listed(&reply);
        }
        Reply { delay_ms: reply.delay_ms + world.switches.latency_ms, ..reply }
    }

    /// The refusal of a call for which there is no room.
    fn count(&self, world: &mut World) -> Option<Reply> {
        let limits = world.switches.limits();
        let full = world.windows.wait_ms(self.counted_at_ms, limits) > 0;
        let refused = full || self.fault.as_ref().is_some_and(refuses);
        if !refused || world.switches.refused_calls_count {
            world.windows.count(self.counted_at_ms);
        }
        full.then(|| {
            let seconds = world.windows.wait_ms(self.counted_at_ms, limits).div_ceil(1_000);
            let told = (!world.switches.retry_after_missing).then_some(seconds);
            answers::status(429, false).retry_after(told)
        })
    }

    fn decide(&self, world: &mut World, call: &Call, refused: Option<Reply>) -> Reply {
        let instead = self.fault.as_ref().and_then(|fault| faults::instead(fault, &world.switches));
        if let Some(reply) = instead {
            return reply;
        }
        let down = world.switches.down.then(|| answers::status(503, world.switches.html_errors));
        let usual = down.or(refused).unwrap_or_else(|| judge::judge(world, call, self.counted_at_ms));
        match &self.fault {
            Some(fault) => faults::change(fault, usual),
            None => usual,
        }
    }
}

fn refuses(fault: &Fault) -> bool {
    matches!(fault, Fault::TooManyRequests { .. } | Fault::Status { status: 429, .. })
}
