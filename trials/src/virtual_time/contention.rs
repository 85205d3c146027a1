//! Contenders: each asks, uses what it gets and comes back when it is told to.

use std::cell::RefCell;
use std::future::Future;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::budget::{Limits, View};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::store::{PermitOutcome, Store, StoreError};
use fastrand::Rng;
use simulator::dynamodb::EngineError;

use super::{Operations, Table, Time};
use local::loopback::TABLE;

/// Milliseconds that a contender's clock may be off, either way.
const CLOCK_SKEW_MS: i64 = 100;

/// Milliseconds that a contender stays away when the table does not answer.
const AWAY_MS: i64 = 1_000;

/// What asking once came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// A call may be made.
    Granted,
    /// Not before this moment.
    Later(Timestamp),
}

/// A way of keeping a limit, as one contender uses it.
pub trait Limiter {
    /// Asks for one call at what the contender's clock shows.
    fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> impl Future<Output = Result<Step, String>>;
}

/// The relay's own budget.
#[derive(Debug)]
pub struct Budget {
    store: Store,
    view: View,
    class: Priority,
    limits: Limits,
    rng: Rng,
}

impl Budget {
    /// A contender that has seen nothing yet.
    pub fn new(table: &Table, class: Priority, limits: Limits, seed: u64) -> Self {
        let store = Store::new(&table.client(), TABLE, "tenant", Clock::system());
        Self { store, view: View::default(), class, limits, rng: Rng::with_seed(seed) }
    }
}

impl Limiter for Budget {
    async fn ask(&mut self, now: &dyn Fn() -> Timestamp) -> Result<Step, String> {
        let jitter = self.rng.u32(..);
        match self.store.take_permit(&mut self.view, self.class, self.limits, now, jitter).await {
            Ok(PermitOutcome::Granted(_)) => Ok(Step::Granted),
            Ok(PermitOutcome::Later(at)) => Ok(Step::Later(at)),
            Ok(PermitOutcome::Refused(why)) => Err(why),
            Err(StoreError::Unavailable(_)) => Ok(Step::Later(now().plus_ms(AWAY_MS))),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// What contenders want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// One call each.
    One,
    /// So many calls, all together.
    Calls(usize),
    /// As many calls as there are within so many seconds.
    Seconds(i64),
}

/// A call that may be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// When it was, in microseconds since the run began.
    pub at_us: i64,
    /// Microseconds since its contender first asked for it.
    pub waited_us: i64,
}

/// A run.
#[derive(Debug)]
pub struct Contest {
    /// The time it is in.
    pub time: Time,
    /// The table it is about.
    pub table: Table,
    want: Want,
    rng: RefCell<Rng>,
    grants: RefCell<Vec<Grant>>,
    answers_us: RefCell<Vec<i64>>,
    fault: RefCell<Option<String>>,
}

/// What a run came to.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The calls, in order.
    pub grants: Vec<Grant>,
    /// What the table was asked.
    pub operations: Operations,
    /// Microseconds from asking to being told, whatever was told; sorted.
    pub answers_us: Vec<i64>,
}

impl Contest {
    /// A run over an empty table.
    pub fn new(want: Want, seed: u64) -> Result<Self, EngineError> {
        let time = Time::default();
        let table = Table::new(time.clone(), seed)?;
        Ok(Self {
            time,
            table,
            want,
            rng: RefCell::new(Rng::with_seed(seed)),
            grants: RefCell::default(),
            answers_us: RefCell::default(),
            fault: RefCell::default(),
        })
    }

    /// Lets these contend from the beginning to the end.
    pub fn run<L: Limiter>(&self, limiters: Vec<L>) -> Result<Measured, String> {
        self.time.run(limiters.into_iter().map(|limiter| self.contend(limiter)));
        self.measured()
    }

    /// What the contenders have done so far.
    pub fn measured(&self) -> Result<Measured, String> {
        if let Some(fault) = self.fault.borrow_mut().take() {
            return Err(fault);
        }
        let mut answers_us = self.answers_us.borrow().clone();
        answers_us.sort_unstable();
        let operations = self.table.operations();
        Ok(Measured { grants: self.grants.borrow().clone(), operations, answers_us })
    }

    fn is_over(&self) -> bool {
        match self.want {
            Want::One => false,
            Want::Calls(calls) => self.grants.borrow().len() >= calls,
            Want::Seconds(seconds) => self.time.elapsed_us() >= seconds * 1_000_000,
        }
    }

    /// One contender: asks, takes, comes back.
    pub async fn contend(&self, mut limiter: impl Limiter) {
        let ahead_ms = self.rng.borrow_mut().i64(-CLOCK_SKEW_MS..=CLOCK_SKEW_MS);
        while !self.is_over() {
            if !self.take(&mut limiter, ahead_ms).await || self.want == Want::One {
                break;
            }
        }
    }

    /// One call, however long it takes. Says whether there was one.
    pub async fn take(&self, limiter: &mut impl Limiter, ahead_ms: i64) -> bool {
        let began_us = self.time.elapsed_us();
        let own_clock = || self.time.now().plus_ms(ahead_ms);
        while !self.is_over() {
            let asked_us = self.time.elapsed_us();
            let step = limiter.ask(&own_clock).await;
            let now_us = self.time.elapsed_us();
            self.answers_us.borrow_mut().push(now_us - asked_us);
            match step {
                Ok(Step::Granted) => {
                    self.grants.borrow_mut().push(Grant { at_us: now_us, waited_us: now_us - began_us });
                    return true;
                }
                Ok(Step::Later(at)) => self.time.until(at.plus_ms(-ahead_ms)).await,
                Err(fault) => {
                    *self.fault.borrow_mut() = Some(fault);
                    return false;
                }
            }
        }
        false
    }
}

impl Measured {
    /// Writes for each call that was granted.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn writes_a_call(&self) -> f64 {
        self.operations.writes as f64 / self.grants.len().max(1) as f64
    }

    /// The most calls that were granted in any closed window of so many seconds.
    pub fn most_in_window(&self, seconds: i64) -> usize {
        let (mut first, mut most) = (0, 0);
        for (last, grant) in self.grants.iter().enumerate() {
            while self.grants.get(first).is_some_and(|old| old.at_us + seconds * 1_000_000 < grant.at_us) {
                first += 1;
            }
            most = most.max(last + 1 - first);
        }
        most
    }

    /// Seconds from the beginning to the n-th call; none if there were not so many.
    #[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
    pub fn seconds_to(&self, calls: usize) -> Option<f64> {
        let grant = self.grants.get(calls.checked_sub(1)?)?;
        Some(grant.at_us as f64 / 1e6)
    }
}

/// The value below which so many in a thousand of the sorted values are.
pub fn quantile(sorted: &[i64], in_thousand: usize) -> i64 {
    let place = (sorted.len() * in_thousand).div_ceil(1000).saturating_sub(1);
    sorted.get(place).copied().unwrap_or(0)
}
