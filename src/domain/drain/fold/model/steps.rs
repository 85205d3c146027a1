//! What may happen next in a state of the model.

use super::super::{Rules, Slot, fold};
use super::{
    DEATHS, Ended, LANDS_WITHIN, LEASE, LEASE_LEFT, LeftOut, Model, ModelCall, ModelRequest, ModelState,
    NOBODY, Phase, SETTLED, TICKS,
};
use crate::domain::{Action, RequestRecord, Timestamp};

/// Collects the steps of one drain.
struct DrainSteps<'a> {
    state: &'a ModelState,
    me: u8,
    next: &'a mut Vec<ModelState>,
}

impl DrainSteps<'_> {
    /// The drain goes on in this phase, and something changes.
    fn go(&mut self, phase: Phase, change: impl FnOnce(&mut ModelState)) {
        let mut then = self.state.clone();
        then.drains[usize::from(self.me)] = phase;
        change(&mut then);
        self.next.push(then);
    }

    /// The drain gives its lease back, with a hold until this tick.
    fn stop(&mut self, hold: u8) {
        let me = self.me;
        self.go(Phase::Idle, |then| {
            then.leave_calls(me);
            then.release(me, hold);
        });
    }

    /// Saves the outcome of a request and goes on, or stops because another drain has changed the request.
    fn save(&mut self, place: u8, ended: Ended, phase: Phase) {
        let place = usize::from(place);
        match self.state.requests[place].ended {
            None => self.go(phase, |then| then.requests[place].ended = Some(ended)),
            Some(_) => self.stop(0),
        }
    }
}

impl Model {
    /// Every state that may come next.
    pub(super) fn steps(&self, state: &ModelState) -> Result<Vec<ModelState>, String> {
        let mut next = Vec::new();
        self.accept(state, &mut next);
        for me in 0..2 {
            self.drain(&mut DrainSteps { state, me, next: &mut next })?;
        }
        for place in 0..state.calls.len() {
            let call = &state.calls[place];
            if !call.is_carried_out && state.now <= call.sent_at + LANDS_WITHIN {
                let mut then = state.clone();
                then.calls[place].is_carried_out = true;
                then.tagged = call.action;
                next.push(then);
            }
        }
        if state.now < TICKS {
            let mut then = state.clone();
            then.now += 1;
            // A call that can no longer be carried out and that nobody waits for is forgotten.
            then.calls.retain(|call| then.now <= call.sent_at + LANDS_WITHIN || call.drain != NOBODY);
            next.push(then);
        }
        Ok(next)
    }

    fn accept(&self, state: &ModelState, next: &mut Vec<ModelState>) {
        for place in 0..state.requests.len() {
            let request = state.requests[place];
            let mut step = |change: &dyn Fn(&mut ModelState)| {
                let mut then = state.clone();
                change(&mut then);
                next.push(then);
            };
            if request.order.is_none() {
                step(&|then| {
                    let answered =
                        |(place, request): (usize, &ModelRequest)| u8::from(request.is_answered) << place;
                    then.requests[place].after = then.requests.iter().enumerate().map(answered).sum();
                    then.counter += 1;
                    then.requests[place].order = Some(then.counter);
                });
            } else if !request.is_written {
                step(&|then| then.requests[place].is_written = true);
            }
            let may_answer =
                request.is_written || (self.has(LeftOut::AnswerBeforeDurable) && request.order.is_some());
            if may_answer && !request.is_answered {
                step(&|then| then.requests[place].is_answered = true);
            }
        }
    }

    fn drain(&self, steps: &mut DrainSteps<'_>) -> Result<(), String> {
        let state = steps.state;
        let me = steps.me;
        let phase = &state.drains[usize::from(me)];
        if *phase != Phase::Idle && state.deaths < DEATHS {
            steps.go(Phase::Idle, |then| {
                then.deaths += 1;
                then.leave_calls(me);
            });
        }
        match phase {
            Phase::Idle => self.begin(steps),
            Phase::Reading { horizon, next, read } => self.read(steps, *horizon, *next, read),
            Phase::Planned { superseded, batch } => self.save_superseded(steps, superseded, batch.as_ref()),
            Phase::Waiting { superseded, batch: (_, served) } => self.wait(steps, superseded, served),
            Phase::Saving { superseded, applied, served } => {
                let is_pending = |place: &u8| state.requests[usize::from(*place)].ended.is_none();
                if applied.is_empty() && served.iter().any(is_pending) {
                    return Err(format!("P2: a request is left without its call's outcome: {state:?}"));
                }
                save_applied(steps, superseded, applied, served);
            }
        }
        Ok(())
    }

    /// Takes the lease if it is free.
    fn begin(&self, steps: &mut DrainSteps<'_>) {
        let state = steps.state;
        let me = steps.me;
        let is_free = state.lease.is_none_or(|(_, until)| until < state.now) || self.has(LeftOut::TwoHolders);
        if is_free && state.hold <= state.now {
            let phase = Phase::Reading { horizon: state.counter, next: 0, read: Vec::new() };
            steps.go(phase, |then| then.lease = Some((me, then.now + LEASE)));
        }
    }

    /// Reads the next request, or plans once all are read.
    fn read(&self, steps: &mut DrainSteps<'_>, horizon: u8, next: u8, read: &[u8]) {
        if let Some(request) = steps.state.requests.get(usize::from(next)) {
            let within = self.has(LeftOut::NoHorizon) || request.order.is_some_and(|order| order <= horizon);
            let is_read = request.is_written && request.ended.is_none() && within;
            let read = read.iter().copied().chain(is_read.then_some(next)).collect();
            return steps.go(Phase::Reading { horizon, next: next + 1, read }, |_| {});
        }
        match self.plan(steps.state, read) {
            (superseded, None) if superseded.is_empty() => steps.stop(0),
            (superseded, batch) => steps.go(Phase::Planned { superseded, batch }, |_| {}),
        }
    }

    /// Saves what is superseded, one request after the other, and then sends.
    fn save_superseded(
        &self,
        steps: &mut DrainSteps<'_>,
        superseded: &[u8],
        batch: Option<&(bool, Vec<u8>)>,
    ) {
        let waits = batch.is_some() && self.has(LeftOut::SupersededAfterwards);
        match (superseded.split_first(), batch) {
            (Some((first, rest)), _) if !waits => {
                let phase = Phase::Planned { superseded: rest.to_vec(), batch: batch.cloned() };
                steps.save(*first, Ended::Superseded, phase);
            }
            (_, Some(batch)) => self.send(steps, superseded, batch),
            (_, None) => steps.stop(0),
        }
    }

    /// Sends a batch, if the lease lasts long enough or can be renewed.
    fn send(&self, steps: &mut DrainSteps<'_>, superseded: &[u8], batch: &(bool, Vec<u8>)) {
        let drain = steps.me;
        let is_mine =
            steps.state.lease.is_some_and(|(holder, _)| holder == drain) || self.has(LeftOut::TwoHolders);
        if !is_mine {
            return steps.go(Phase::Idle, |_| {});
        }
        let phase = Phase::Waiting { superseded: superseded.to_vec(), batch: batch.clone() };
        steps.go(phase, |then| {
            let left = then.lease.map_or(0, |(_, until)| until.saturating_sub(then.now));
            if left < LEASE_LEFT {
                then.lease = Some((drain, then.now + LEASE));
            }
            then.calls.push(ModelCall { drain, action: batch.0, sent_at: then.now, is_carried_out: false });
        });
    }

    /// Takes the answer to the call, or gives up because there is none.
    fn wait(&self, steps: &mut DrainSteps<'_>, superseded: &[u8], served: &[u8]) {
        let me = steps.me;
        let is_mine = |call: &ModelCall| call.drain == me;
        if steps.state.calls.iter().any(|call| is_mine(call) && call.is_carried_out) {
            let applied = if self.has(LeftOut::OthersThatJoined) { &served[..1] } else { served };
            let phase = Phase::Saving {
                superseded: superseded.to_vec(),
                applied: applied.to_vec(),
                served: served.to_vec(),
            };
            steps.go(phase, |then| then.calls.retain(|call| !is_mine(call)));
        }
        steps.stop(if self.has(LeftOut::NoHold) { 0 } else { steps.state.now + SETTLED });
    }

    /// What the real fold says about the requests that were read.
    fn plan(&self, state: &ModelState, read: &[u8]) -> (Vec<u8>, Option<(bool, Vec<u8>)>) {
        let mut read: Vec<_> = read.iter().copied().map(usize::from).collect();
        read.sort_by_key(|place| state.requests[*place].order);
        let record = |place: &usize| {
            let order = state.requests[*place].order.map(u64::from);
            RequestRecord { queued: order, ..self.records[*place].clone() }
        };
        let records: Vec<_> = read.iter().map(record).collect();
        let rules = Rules { expired_before: Timestamp::from_ms(0), machines_per_call: 500, whole: true };
        let plan = fold(&records, rules);
        let place = |slot: Slot| u8::try_from(read[slot.request]).unwrap();
        let superseded = plan.superseded.iter().copied().map(place).collect();
        let batch = plan.batches.first().map(|batch| {
            let served = batch.members[0].slots().map(place).collect();
            (batch.action == Action::Add, served)
        });
        (superseded, batch)
    }
}

/// Saves the outcomes of the call, one request after the other.
fn save_applied(steps: &mut DrainSteps<'_>, superseded: &[u8], applied: &[u8], served: &[u8]) {
    if let Some((first, rest)) = applied.split_first() {
        let phase = Phase::Saving {
            superseded: superseded.to_vec(),
            applied: rest.to_vec(),
            served: served.to_vec(),
        };
        steps.save(*first, Ended::Applied, phase);
    } else if superseded.is_empty() {
        steps.stop(0);
    } else {
        steps.go(Phase::Planned { superseded: superseded.to_vec(), batch: None }, |_| {});
    }
}
