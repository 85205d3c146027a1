//! One instance: it asks, uses its permits, waits, crashes.

use super::super::decide::Decision;
use super::super::limits::Limits;
use super::super::permit::Permit;
use super::super::view::View;
use super::faults::PlantedFault;
use super::table::{Write, WriteReply};
use crate::domain::values::{Priority, Timestamp};

/// Writes that one request for a permit may cost, as in the store.
const ATTEMPTS: u32 = 3;
/// Milliseconds to stay away after losing every attempt.
const CONTENDED_MS: i64 = 50;

/// An instance.
#[derive(Debug)]
pub(super) struct Instance {
    pub(super) fault: PlantedFault,
    pub(super) limits: Limits,
    /// Milliseconds that its clock is ahead.
    pub(super) ahead_ms: i64,
    pub(super) view: View,
    /// The class of the call that it asks for.
    pub(super) class: Priority,
    /// Grows with each crash, so that replies to the instance before the crash are ignored.
    pub(super) life: u32,
    attempts: u32,
}

/// What an instance does next.
#[derive(Debug)]
pub(super) enum NextStep {
    Send(Box<Write>),
    /// Ask again at this moment of its own clock.
    Wait(Timestamp),
    /// Use a permit.
    Use(Permit),
}

impl Instance {
    pub(super) fn new(fault: PlantedFault, limits: Limits, ahead_ms: i64) -> Self {
        let class = Priority::Urgent;
        Self { fault, limits, ahead_ms, view: View::default(), class, life: 0, attempts: 0 }
    }

    /// Its own clock.
    pub(super) fn clock(&self, true_ms: i64) -> Timestamp {
        Timestamp::from_ms(true_ms + self.ahead_ms)
    }

    /// When its own clock will show a moment.
    pub(super) fn true_ms(&self, own: Timestamp) -> i64 {
        own.ms() - self.ahead_ms
    }

    pub(super) fn begin(&mut self, class: Priority, true_ms: i64, jitter: u32) -> NextStep {
        self.class = class;
        self.attempts = 0;
        self.attempt(true_ms, jitter)
    }

    fn attempt(&mut self, true_ms: i64, jitter: u32) -> NextStep {
        let now = self.clock(true_ms);
        if self.attempts == ATTEMPTS {
            return NextStep::Wait(self.view.come_back(now.plus_ms(CONTENDED_MS), jitter));
        }
        self.attempts += 1;
        let class = self.fault.class(self.class);
        match self.view.decide(class, self.limits, now) {
            Decision::Later(at) => NextStep::Wait(self.view.come_back(at, jitter)),
            Decision::ClockBehind(_) | Decision::NewerRules(_) => NextStep::Wait(now.plus_ms(1_000)),
            decision => {
                let write = Write::Decided { decision, class: self.class, limits: self.limits, now };
                NextStep::Send(Box::new(write))
            }
        }
    }

    /// The reply to a write it decided on.
    pub(super) fn reply(&mut self, reply: WriteReply, true_ms: i64, jitter: u32) -> NextStep {
        match reply {
            Ok(stands) => NextStep::Use(self.view.granted(*stands)),
            Err(stands) if self.fault == PlantedFault::RefusalIsGrant => {
                self.view.refused(stands.map(|stands| *stands));
                NextStep::Use(Permit { second: self.clock(true_ms).second() })
            }
            Err(stands) => {
                self.view.refused(stands.map(|stands| *stands));
                self.attempt(true_ms, jitter)
            }
        }
    }

    pub(super) fn crash(&mut self) {
        self.life += 1;
        self.view = View::default();
    }

    /// Whether a permit may still be used.
    pub(super) fn may_use(&self, permit: Permit, true_ms: i64) -> bool {
        self.fault == PlantedFault::UseByIgnored || permit.is_usable_at(self.clock(true_ms))
    }
}
