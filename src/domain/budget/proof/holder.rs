//! One instance: it asks, uses its permits, waits, crashes.

use super::super::{Ask, Decision, Limits, Permit, View};
use super::faults::Fault;
use super::table::{Reply, Write};
use crate::domain::{Priority, Timestamp};

/// Writes that one asking may cost, as in the store.
const ATTEMPTS: u32 = 3;
/// Milliseconds to stay away after losing every attempt.
const CONTENDED_MS: i64 = 50;

/// An instance.
#[derive(Debug)]
pub(super) struct Holder {
    pub(super) fault: Fault,
    pub(super) limits: Limits,
    /// Milliseconds that its clock is ahead.
    pub(super) ahead_ms: i64,
    pub(super) view: View,
    pub(super) ask: Ask,
    /// Grows with each crash: replies to the one before are nobody's.
    pub(super) life: u32,
    attempts: u32,
}

/// What an instance does next.
#[derive(Debug)]
pub(super) enum Next {
    Send(Box<Write>),
    /// Ask again at this moment of its own clock.
    Wait(Timestamp),
    /// Use a permit.
    Use(Permit),
}

impl Holder {
    pub(super) fn new(fault: Fault, limits: Limits, ahead_ms: i64) -> Self {
        let ask = Ask::one(Priority::Urgent);
        Self { fault, limits, ahead_ms, view: View::default(), ask, life: 0, attempts: 0 }
    }

    /// Its own clock.
    pub(super) fn clock(&self, true_ms: i64) -> Timestamp {
        Timestamp::from_ms(true_ms + self.ahead_ms)
    }

    /// When its own clock will show a moment.
    pub(super) fn true_ms(&self, own: Timestamp) -> i64 {
        own.ms() - self.ahead_ms
    }

    pub(super) fn begin(&mut self, ask: Ask, true_ms: i64, jitter: u32) -> Next {
        (self.ask, self.attempts) = (ask, 0);
        self.attempt(true_ms, jitter)
    }

    fn attempt(&mut self, true_ms: i64, jitter: u32) -> Next {
        let now = self.clock(true_ms);
        if self.attempts == ATTEMPTS {
            return Next::Wait(self.view.come_back(now.plus_ms(CONTENDED_MS), jitter));
        }
        self.attempts += 1;
        let ask = Ask { class: self.fault.class(self.ask.class), ..self.ask };
        match self.view.decide(ask, self.limits, now) {
            Decision::Later(at) => Next::Wait(self.view.come_back(at, jitter)),
            Decision::Never | Decision::ClockBehind(_) | Decision::NewerRules(_) => {
                Next::Wait(now.plus_ms(1_000))
            }
            decision => {
                Next::Send(Box::new(Write::Decided { decision, ask: self.ask, limits: self.limits, now }))
            }
        }
    }

    /// The reply to a write it decided on.
    pub(super) fn reply(&mut self, reply: Reply, true_ms: i64, jitter: u32) -> Next {
        match reply {
            Ok(stands) => Next::Use(self.view.granted(self.ask.calls, *stands)),
            Err(stands) if self.fault == Fault::RefusalIsGrant => {
                self.view.refused(stands.map(|stands| *stands));
                Next::Use(Permit { second: self.clock(true_ms).second() })
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
        self.fault == Fault::UseByIgnored || permit.is_usable_at(self.clock(true_ms))
    }
}
