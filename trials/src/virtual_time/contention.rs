//! Contention for one limiter: each contender asks for calls, and asks again at the time that the limiter returns.

use std::cell::RefCell;
use std::future::Future;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::budget::{Limits, View};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::store::{PermitOutcome, Store, StoreError};
use fastrand::Rng;
use local::loopback::TABLE;
use simulator::dynamodb::EngineError;

use super::clock::VirtualClock;
use super::table::{Operations, VirtualTable};

/// The most milliseconds by which a contender's clock is off, either way.
const CLOCK_SKEW_MS: i64 = 100;
/// Milliseconds that a contender waits when the table does not answer.
const AWAY_MS: i64 = 1_000;

/// The limiter's answer to one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimiterAnswer {
    /// A call may be made.
    Granted,
    /// Not before this moment.
    Later(Timestamp),
}

/// A way of keeping a limit, as one contender uses it.
pub trait Limiter {
    /// Asks for one call at the time that the contender's clock shows.
    fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> impl Future<Output = Result<LimiterAnswer, String>>;
}

/// The relay's own limiter.
#[derive(Debug)]
pub struct RelayLimiter {
    store: Store,
    view: View,
    class: Priority,
    limits: Limits,
    rng: Rng,
}

impl RelayLimiter {
    /// A limiter that has read nothing yet.
    pub fn new(table: &VirtualTable, class: Priority, limits: Limits, seed: u64) -> Self {
        let store = Store::new(&table.client(), TABLE, "tenant", Clock::system());
        Self { store, view: View::default(), class, limits, rng: Rng::with_seed(seed) }
    }
}

impl Limiter for RelayLimiter {
    async fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> Result<LimiterAnswer, String> {
        let jitter = self.rng.u32(..);
        match self.store.take_permit(&mut self.view, self.class, self.limits, now, jitter).await {
            Ok(PermitOutcome::Granted(_)) => Ok(LimiterAnswer::Granted),
            Ok(PermitOutcome::Later(at)) => Ok(LimiterAnswer::Later(at)),
            Ok(PermitOutcome::Refused(why)) => Err(why),
            Err(StoreError::Unavailable(_)) => Ok(LimiterAnswer::Later(now().plus_ms(AWAY_MS))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// When the contenders are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Goal {
    /// One call each.
    One,
    /// This many calls, all together.
    Calls(usize),
    /// As many calls as there are within this many seconds.
    Seconds(i64),
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When it was granted, in microseconds since the run began.
    pub at_us: i64,
    /// Microseconds since its contender first asked for it.
    pub waited_us: i64,
}

/// A run of contenders.
#[derive(Debug)]
pub struct Contention {
    /// The run's clock.
    pub clock: VirtualClock,
    /// The limiters' table.
    pub table: VirtualTable,
    goal: Goal,
    rng: RefCell<Rng>,
    grants: RefCell<Vec<Grant>>,
    answers_us: RefCell<Vec<i64>>,
    fault: RefCell<Option<String>>,
}

/// The figures of a run.
#[derive(Clone, Debug)]
pub struct ContentionReport {
    /// The calls, in order.
    pub grants: Vec<Grant>,
    /// The table's operations.
    pub operations: Operations,
    /// Microseconds from each question to its answer, the shortest first.
    pub answers_us: Vec<i64>,
}

impl Contention {
    /// A run over an empty table.
    pub fn new(goal: Goal, seed: u64) -> Result<Self, EngineError> {
        let clock = VirtualClock::default();
        let table = VirtualTable::new(clock.clone(), seed)?;
        Ok(Self {
            clock,
            table,
            goal,
            rng: RefCell::new(Rng::with_seed(seed)),
            grants: RefCell::default(),
            answers_us: RefCell::default(),
            fault: RefCell::default(),
        })
    }

    /// Runs contenders with these limiters from the beginning to the end.
    pub fn run<L: Limiter>(&self, limiters: Vec<L>) -> Result<ContentionReport, String> {
        self.clock.run(limiters.into_iter().map(|limiter| self.contend(limiter)));
        self.report()
    }

    /// The figures so far.
    pub fn report(&self) -> Result<ContentionReport, String> {
        if let Some(fault) = self.fault.borrow_mut().take() {
            return Err(fault);
        }
        let mut answers_us = self.answers_us.borrow().clone();
        answers_us.sort_unstable();
        let operations = self.table.operations();
        Ok(ContentionReport { grants: self.grants.borrow().clone(), operations, answers_us })
    }

    fn is_over(&self) -> bool {
        match self.goal {
            Goal::One => false,
            Goal::Calls(calls) => self.grants.borrow().len() >= calls,
            Goal::Seconds(seconds) => self.clock.elapsed_us() >= seconds * 1_000_000,
        }
    }

    /// Runs one contender until the goal is reached.
    pub async fn contend(&self, mut limiter: impl Limiter) {
        let ahead_ms = self.rng.borrow_mut().i64(-CLOCK_SKEW_MS..=CLOCK_SKEW_MS);
        while !self.is_over() {
            if !self.take(&mut limiter, ahead_ms).await || self.goal == Goal::One {
                break;
            }
        }
    }

    /// Takes one call, however long that takes. Returns whether there was one.
    pub async fn take(&self, limiter: &mut impl Limiter, ahead_ms: i64) -> bool {
        let began_us = self.clock.elapsed_us();
        let own_clock = || self.clock.now().plus_ms(ahead_ms);
        while !self.is_over() {
            let asked_us = self.clock.elapsed_us();
            let answer = limiter.ask(&own_clock).await;
            let now_us = self.clock.elapsed_us();
            self.answers_us.borrow_mut().push(now_us - asked_us);
            match answer {
                Ok(LimiterAnswer::Granted) => {
                    self.grants.borrow_mut().push(Grant { at_us: now_us, waited_us: now_us - began_us });
                    return true;
                }
                Ok(LimiterAnswer::Later(at)) => self.clock.until(at.plus_ms(-ahead_ms)).await,
                Err(fault) => {
                    *self.fault.borrow_mut() = Some(fault);
                    return false;
                }
            }
        }
        false
    }
}

impl ContentionReport {
    /// Writes for each granted call.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn writes_a_call(&self) -> f64 {
        self.operations.writes as f64 / self.grants.len().max(1) as f64
    }

    /// The most calls that were granted in any closed window of this many seconds.
    pub fn most_in_window(&self, seconds: i64) -> usize {
        let mut first = 0;
        let mut most = 0;
        for (last, grant) in self.grants.iter().enumerate() {
            while self.grants.get(first).is_some_and(|old| old.at_us + seconds * 1_000_000 < grant.at_us) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    /// Seconds from the beginning to the n-th call; `None` if there were fewer calls.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn seconds_to(&self, calls: usize) -> Option<f64> {
        let grant = self.grants.get(calls.checked_sub(1)?)?;
        Some(grant.at_us as f64 / 1e6)
    }
}
