//! The steps of a cluster, one for each event.

use super::super::permit::Permit;
use super::super::spans::{CLOCK_SKEW_MS, COUNTED_WITHIN_S, USE_BY_S};
use super::check::Interval;
use super::cluster::{Cluster, ClusterEvent};
use super::faults::PlantedFault;
use super::instance::NextStep;
use super::table::Write;
use crate::domain::values::Priority;

const COUNTED_WITHIN_MS: i64 = COUNTED_WITHIN_S * 1000;
/// Milliseconds until the client sends a write again that got no reply.
const RETRY_MS: i64 = 1_500;

impl Cluster {
    fn chance(&mut self, in_thousand: u32) -> bool {
        self.rng.u32(..1000) < in_thousand
    }

    /// Milliseconds that a message takes.
    fn way_ms(&mut self) -> i64 {
        if self.chance(self.profile.slow) { self.rng.i64(0..6_000) } else { self.rng.i64(1..20) }
    }

    pub(super) fn step(&mut self, who: usize, life: u32, event: ClusterEvent) {
        if let ClusterEvent::Arrive { write, replied } = event {
            return self.arrive(who, life, &write, replied);
        }
        if self.instances.get(who).is_none_or(|instance| instance.life != life) {
            return;
        }
        match event {
            ClusterEvent::Ask => {
                let class = self.next_class();
                let jitter = self.rng.u32(..);
                let now_ms = self.now_ms;
                let next = self.instances[who].begin(class, now_ms, jitter);
                self.go_on(who, next);
            }
            ClusterEvent::Reply(Some(reply)) => {
                self.tally.refused += usize::from(reply.is_err());
                let jitter = self.rng.u32(..);
                let now_ms = self.now_ms;
                let next = self.instances[who].reply(reply, now_ms, jitter);
                self.go_on(who, next);
            }
            ClusterEvent::Reply(None) => self.no_reply(who),
            ClusterEvent::Use(permit) => self.use_permit(who, permit),
            ClusterEvent::Arrive { .. } => {}
        }
    }

    fn next_class(&mut self) -> Priority {
        if self.rng.bool() { Priority::Urgent } else { Priority::Routine }
    }

    fn go_on(&mut self, who: usize, next: NextStep) {
        match next {
            NextStep::Send(write) => self.send(who, *write),
            NextStep::Wait(until) => {
                let in_ms = self.instances[who].true_ms(until) - self.now_ms;
                self.later(who, in_ms.max(1), ClusterEvent::Ask);
            }
            NextStep::Use(_) if self.chance(self.profile.crash) => self.crash(who),
            NextStep::Use(permit) => {
                let in_ms =
                    if self.chance(self.profile.slow) { self.rng.i64(0..9_000) } else { self.rng.i64(0..50) };
                self.later(who, in_ms, ClusterEvent::Use(permit));
            }
        }
    }

    /// Sends a write: it may get lost on its way, or its reply may; the client then sends it again.
    fn send(&mut self, who: usize, write: Write) {
        let way_ms = self.way_ms();
        let is_awaited = matches!(write, Write::Decided { .. });
        if self.chance(self.profile.lost) {
            self.tally.lost += 1;
            if self.rng.bool() {
                self.later(who, way_ms, ClusterEvent::Arrive { write: Box::new(write), replied: false });
            }
            if is_awaited {
                self.later(who, RETRY_MS, ClusterEvent::Reply(None));
            }
            return;
        }
        if self.chance(self.profile.twice) {
            self.tally.applied_twice += 1;
            self.later(who, way_ms, ClusterEvent::Arrive { write: Box::new(write.clone()), replied: false });
            return self.later(
                who,
                way_ms + RETRY_MS,
                ClusterEvent::Arrive { write: Box::new(write), replied: is_awaited },
            );
        }
        self.later(who, way_ms, ClusterEvent::Arrive { write: Box::new(write), replied: is_awaited });
    }

    fn arrive(&mut self, who: usize, life: u32, write: &Write, replied: bool) {
        let reply = self.table.apply(write);
        let same = self.instances.get(who).is_some_and(|instance| instance.life == life);
        if replied && same {
            let way_ms = self.way_ms();
            self.later(who, way_ms, ClusterEvent::Reply(Some(reply)));
        }
    }

    fn no_reply(&mut self, who: usize) {
        let second = self.instances[who].clock(self.now_ms).second();
        match self.fault {
            PlantedFault::LostReplyIsGrant => self.go_on(who, NextStep::Use(Permit { second })),
            PlantedFault::LostReplyGivenBack => {
                let write = Box::new(Write::GiveBack);
                self.later(who, 1, ClusterEvent::Arrive { write, replied: false });
                self.later(who, 50, ClusterEvent::Ask);
            }
            _ => self.later(who, 50, ClusterEvent::Ask),
        }
    }

    fn use_permit(&mut self, who: usize, permit: Permit) {
        let gap_ms = self.profile.gap_ms(&mut self.rng, self.now_ms);
        let instance = &self.instances[who];
        if !instance.may_use(permit, self.now_ms) {
            self.tally.too_old += 1;
            return self.later(who, gap_ms, ClusterEvent::Ask);
        }
        let worst_ms = if instance.ahead_ms > CLOCK_SKEW_MS { -instance.ahead_ms } else { CLOCK_SKEW_MS };
        let call = Interval {
            from_ms: (permit.second * 1000 - CLOCK_SKEW_MS).min(self.now_ms),
            until_ms: ((permit.second + USE_BY_S) * 1000 + worst_ms).max(self.now_ms) + COUNTED_WITHIN_MS,
        };
        self.calls.push(call);
        self.tally.used += 1;
        if self.chance(self.profile.refused_by_defender) {
            self.refused_by_defender(who);
        }
        self.later(who, gap_ms, ClusterEvent::Ask);
    }

    fn refused_by_defender(&mut self, who: usize) {
        let instance = &self.instances[who];
        let now = instance.clock(self.now_ms);
        let until = now.plus_ms([1_000, 30_000, 60_000, 600_000][self.rng.usize(..4)]);
        let (Some(seen), Some(next)) =
            (instance.view.ledger().cloned(), instance.view.charged(until, instance.limits, now))
        else {
            return;
        };
        self.tally.charged += 1;
        self.send(who, Write::Charge { seen: Box::new(seen), next: Box::new(next) });
    }

    fn crash(&mut self, who: usize) {
        self.tally.crashed += 1;
        self.instances[who].crash();
        let in_ms = self.rng.i64(0..30_000);
        self.later(who, in_ms, ClusterEvent::Ask);
    }
}
