//! A call between receipt and answer.

use super::call::TaggingCall;
use super::{answers, decide, faults};
use crate::reply::Reply;
use crate::state::{SharedSite, State};
use crate::{Arrival, Fault};

/// A call's place in the log and what is to happen to it, both fixed on receipt.
pub(crate) struct PendingCall {
    index: usize,
    generation: u64,
    fault: Option<Fault>,
    counted_at_ms: u64,
    /// Milliseconds until the call is counted.
    pub(crate) wait_ms: u64,
}

impl PendingCall {
    pub(crate) fn take(site: &SharedSite, call: &TaggingCall) -> Self {
        let received_at_ms = site.now_ms();
        let mut state = site.state();
        let wait_ms = state.switches.count_delay_ms;
        let counted_at_ms = received_at_ms + wait_ms;
        let index = state.arrivals.len();
        state.arrivals.push(Arrival {
            counted_at_ms,
            received_at_ms,
            value: call.value.clone(),
            action: call.action.clone(),
            machine_ids: call.machine_ids.clone(),
            status: 0,
            listed: Vec::new(),
        });
        let fault = state.faults.pop_front();
        Self { index, generation: state.generation, fault, counted_at_ms, wait_ms }
    }

    /// Counts the call and decides its answer, in one step no other call can come between.
    pub(crate) fn settle(&self, site: &SharedSite, call: &TaggingCall) -> Reply {
        let mut state = site.state();
        if state.generation != self.generation {
            return Reply::cut();
        }
        let refused = self.count(&mut state);
        let reply = self.decide(&mut state, call, refused);
        if let Some(arrival) = state.arrivals.get_mut(self.index) {
            arrival.status = reply.status;
            arrival.listed = answers::listed(&reply);
        }
        Reply { delay_ms: reply.delay_ms + state.switches.latency_ms, ..reply }
    }

    /// The refusal of a call for which there is no room.
    fn count(&self, state: &mut State) -> Option<Reply> {
        let limits = state.switches.limits();
        let full = state.windows.wait_ms(self.counted_at_ms, limits) > 0;
        let refused = full || self.fault.as_ref().is_some_and(refuses);
        if !refused || state.switches.refused_calls_count {
            state.windows.count(self.counted_at_ms);
        }
        full.then(|| {
            let seconds = state.windows.wait_ms(self.counted_at_ms, limits).div_ceil(1_000);
            let told = (!state.switches.retry_after_missing).then_some(seconds);
            answers::status(429, false).retry_after(told)
        })
    }

    fn decide(&self, state: &mut State, call: &TaggingCall, refused: Option<Reply>) -> Reply {
        let instead = self.fault.as_ref().and_then(|fault| faults::instead(fault, &state.switches));
        if let Some(reply) = instead {
            return reply;
        }
        let down = state.switches.down.then(|| answers::status(503, state.switches.html_errors));
        let usual = down.or(refused).unwrap_or_else(|| decide::decide(state, call, self.counted_at_ms));
        match &self.fault {
            Some(fault) => faults::change(fault, usual),
            None => usual,
        }
    }
}

fn refuses(fault: &Fault) -> bool {
    matches!(fault, Fault::TooManyRequests { .. } | Fault::Status { status: 429, .. })
}
