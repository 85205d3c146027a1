//! What happens in a world, event by event.

use super::super::{Ask, CLOCK_SKEW_MS, COUNTED_WITHIN_S, Permit, USE_BY_S};
use super::check::Interval;
use super::faults::Fault;
use super::holder::Next;
use super::table::Write;
use super::world::{Event, World};
use crate::domain::Priority;

const COUNTED_WITHIN_MS: i64 = COUNTED_WITHIN_S * 1000;
/// Milliseconds until the client sends a write again that got no reply.
const RETRY_MS: i64 = 1_500;

impl World {
    fn chance(&mut self, in_thousand: u32) -> bool {
        self.rng.u32(..1000) < in_thousand
    }

    /// Milliseconds that a message takes.
    fn way_ms(&mut self) -> i64 {
        if self.chance(self.manner.slow) { self.rng.i64(0..6_000) } else { self.rng.i64(1..20) }
    }

    pub(super) fn happen(&mut self, who: usize, life: u32, event: Event) {
        if let Event::Arrive { write, replied } = event {
            return self.arrive(who, life, &write, replied);
        }
        if self.holders.get(who).is_none_or(|holder| holder.life != life) {
            return;
        }
        match event {
            Event::Ask => {
                let ask = self.new_ask();
                let jitter = self.rng.u32(..);
                let now_ms = self.now_ms;
                let next = self.holders[who].begin(ask, now_ms, jitter);
                self.go_on(who, next);
            }
            Event::Reply(Some(reply)) => {
                self.seen.refused += usize::from(reply.is_err());
                let jitter = self.rng.u32(..);
                let now_ms = self.now_ms;
                let next = self.holders[who].reply(reply, now_ms, jitter);
                self.go_on(who, next);
            }
            Event::Reply(None) => self.no_reply(who),
            Event::Use(permit) => self.use_permit(who, permit),
            Event::Arrive { .. } => {}
        }
    }

    fn new_ask(&mut self) -> Ask {
        let class = if self.rng.bool() { Priority::Urgent } else { Priority::Routine };
        Ask { class, calls: self.rng.u32(1..=self.manner.weight_max) }
    }

    fn go_on(&mut self, who: usize, next: Next) {
        match next {
            Next::Send(write) => self.send(who, *write),
            Next::Wait(until) => {
                let in_ms = self.holders[who].true_ms(until) - self.now_ms;
                self.later(who, in_ms.max(1), Event::Ask);
            }
            Next::Use(_) if self.chance(self.manner.crash) => self.crash(who),
            Next::Use(permit) => {
                let in_ms =
                    if self.chance(self.manner.slow) { self.rng.i64(0..9_000) } else { self.rng.i64(0..50) };
                self.later(who, in_ms, Event::Use(permit));
            }
        }
    }

    /// Sends a write: it may get lost on its way, or its reply may; the client then sends it again.
    fn send(&mut self, who: usize, write: Write) {
        let way_ms = self.way_ms();
        let is_awaited = matches!(write, Write::Decided { .. });
        if self.chance(self.manner.lost) {
            self.seen.lost += 1;
            if self.rng.bool() {
                self.later(who, way_ms, Event::Arrive { write: Box::new(write), replied: false });
            }
            if is_awaited {
                self.later(who, RETRY_MS, Event::Reply(None));
            }
            return;
        }
        if self.chance(self.manner.twice) {
            self.seen.applied_twice += 1;
            self.later(who, way_ms, Event::Arrive { write: Box::new(write.clone()), replied: false });
            return self.later(
                who,
                way_ms + RETRY_MS,
                Event::Arrive { write: Box::new(write), replied: is_awaited },
            );
        }
        self.later(who, way_ms, Event::Arrive { write: Box::new(write), replied: is_awaited });
    }

    fn arrive(&mut self, who: usize, life: u32, write: &Write, replied: bool) {
        let reply = self.table.apply(write);
        let same = self.holders.get(who).is_some_and(|holder| holder.life == life);
        if replied && same {
            let way_ms = self.way_ms();
            self.later(who, way_ms, Event::Reply(Some(reply)));
        }
    }

    fn no_reply(&mut self, who: usize) {
        let holder = &self.holders[who];
        let (calls, second) = (holder.ask.calls, holder.clock(self.now_ms).second());
        match self.fault {
            Fault::LostReplyIsGrant => self.go_on(who, Next::Use(Permit { second })),
            Fault::LostReplyGivenBack => {
                let write = Box::new(Write::GiveBack { calls });
                self.later(who, 1, Event::Arrive { write, replied: false });
                self.later(who, 50, Event::Ask);
            }
            _ => self.later(who, 50, Event::Ask),
        }
    }

    fn use_permit(&mut self, who: usize, permit: Permit) {
        let gap_ms = self.manner.gap_ms(&mut self.rng, self.now_ms);
        let holder = &self.holders[who];
        if !holder.may_use(permit, self.now_ms) {
            self.seen.too_old += 1;
            return self.later(who, gap_ms, Event::Ask);
        }
        let worst_ms = if holder.ahead_ms > CLOCK_SKEW_MS { -holder.ahead_ms } else { CLOCK_SKEW_MS };
        let call = Interval {
            from_ms: (permit.second * 1000 - CLOCK_SKEW_MS).min(self.now_ms),
            until_ms: ((permit.second + USE_BY_S) * 1000 + worst_ms).max(self.now_ms) + COUNTED_WITHIN_MS,
        };
        let calls = holder.ask.calls as usize;
        self.calls.extend(std::iter::repeat_n(call, calls));
        self.seen.used += calls;
        if self.chance(self.manner.refused_by_defender) {
            self.refused_by_defender(who);
        }
        self.later(who, gap_ms, Event::Ask);
    }

    fn refused_by_defender(&mut self, who: usize) {
        let holder = &self.holders[who];
        let now = holder.clock(self.now_ms);
        let until = now.plus_ms([1_000, 30_000, 60_000, 600_000][self.rng.usize(..4)]);
        let (Some(seen), Some(next)) =
            (holder.view.ledger().cloned(), holder.view.charged(until, holder.limits, now))
        else {
            return;
        };
        self.seen.charged += 1;
        self.send(who, Write::Charge { seen: Box::new(seen), next: Box::new(next) });
    }

    fn crash(&mut self, who: usize) {
        self.seen.crashed += 1;
        self.holders[who].crash();
        let in_ms = self.rng.i64(0..30_000);
        self.later(who, in_ms, Event::Ask);
    }
}
