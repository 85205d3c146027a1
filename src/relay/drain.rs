//! `drain`: from the backlog to outcomes.
//!
//! Invariant: whoever accepts a request and finds the lease taken is not left behind, because its holder looks
//! at the backlog once more after giving the lease back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::Mutex;

use super::Relay;
use super::call::ATTEMPT_MAX_MS;
use super::round::Round;
use super::stop::Stop;
use crate::domain::{Priority, Timestamp};
use crate::store::{Lease, LeaseId, StoreError};

/// Times one drain takes the lease again because something came in as it gave it back.
const LOOKS_MAX: u32 = 100;
/// Times it finds nothing to do although something is in the backlog, before it gives up: an item that cannot
/// be read stays there.
const IDLE_LOOKS_MAX: u32 = 2;
/// Rounds under one lease.
const ROUNDS_MAX: u32 = 10_000;
/// Parts of batches that one drain sends to find what Defender does not answer. One machine among 500 takes 18.
const SEARCHES_MAX: u32 = 24;

/// A drain that holds the lease.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) me: LeaseId,
    pub(super) lease: Mutex<Lease>,
    /// Drains in a row that ended because there was no usable answer.
    pub(super) unanswered_in_a_row: u32,
    /// Whether Defender has answered a call of this drain.
    answered: AtomicBool,
    /// Parts of batches that may still be sent to find what Defender does not answer.
    searches_left: AtomicU32,
}

impl Holding {
    fn new(lease: Lease, me: LeaseId) -> Self {
        Self {
            me,
            unanswered_in_a_row: lease.unanswered_in_a_row,
            lease: Mutex::new(lease),
            answered: AtomicBool::new(false),
            searches_left: AtomicU32::new(SEARCHES_MAX),
        }
    }

    /// Whether there was no usable answer the last time: then one attempt has to show that there is again.
    pub(super) fn is_probing(&self) -> bool {
        self.unanswered_in_a_row > 0 && !self.has_answered()
    }

    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    pub(super) fn answered(&self) {
        self.answered.store(true, Ordering::SeqCst);
    }

    /// Takes one of the searches there are left.
    pub(super) fn may_search(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.searches_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }
}

/// How a turn with the lease ended.
enum Turn {
    Empty { changed: bool },
    Stopped(Stop),
}

/// What is to be done after a turn.
enum Next {
    /// Nothing, or nothing before this moment.
    Rest(Option<Timestamp>),
    Look {
        changed: bool,
    },
}

impl Relay {
    /// Takes the lease if it is free, drains, and gives it back. If batches gather, says until when.
    pub(super) async fn drain_once(&self, class: Priority) -> Option<Timestamp> {
        let mut idle_looks = 0;
        for _ in 0..LOOKS_MAX {
            match self.take_turn(class).await {
                Ok(Next::Look { changed: true }) => idle_looks = 0,
                Ok(Next::Look { changed: false }) if idle_looks < IDLE_LOOKS_MAX => idle_looks += 1,
                Ok(Next::Look { .. }) => return None,
                Ok(Next::Rest(gathering_until)) => return gathering_until,
                Err(error) => {
                    Stop::from(error).log(self.tenant());
                    return None;
                }
            }
        }
        None
    }

    /// One turn with the lease.
    async fn take_turn(&self, class: Priority) -> Result<Next, StoreError> {
        let store = &self.0.parts.store;
        let was_free = self.0.runner.was_free();
        if !was_free && !self.finds_free(class).await? {
            return Ok(Next::Rest(None));
        }
        if let Err(stop) = self.trust_clock() {
            stop.log(self.tenant());
            return Ok(Next::Rest(None));
        }
        let me = LeaseId::fresh();
        let Some(lease) = store.acquire(me, class, self.clock().now()).await? else {
            if was_free {
                self.finds_free(class).await?;
            }
            return Ok(Next::Rest(None));
        };
        let holding = Arc::new(Holding::new(lease, me));
        match self.drain_rounds(&holding).await {
            Turn::Empty { changed } => {
                store.release(me, None).await?;
                self.0.runner.held(None);
                Ok(if store.has_backlog().await? { Next::Look { changed } } else { Next::Rest(None) })
            }
            Turn::Stopped(stop) => self.give_up(&holding, &stop).await.map(Next::Rest),
        }
    }

    /// Whether the lease is free for this class. Who waits is told what holds it up.
    async fn finds_free(&self, class: Priority) -> Result<bool, StoreError> {
        let state = self.0.parts.store.drain_state().await?;
        let is_free = state.is_free(class, self.clock().now());
        if !is_free {
            self.0.runner.held(state.hold);
        }
        Ok(is_free)
    }

    /// Gives the lease back before the backlog is empty. If batches gather, says until when.
    async fn give_up(&self, holding: &Holding, stop: &Stop) -> Result<Option<Timestamp>, StoreError> {
        stop.log(self.tenant());
        let in_a_row = if holding.has_answered() { 0 } else { holding.unanswered_in_a_row };
        let hold = stop.hold(in_a_row, holding.me.jitter(), self.clock().now());
        let hold = hold.filter(|_| self.trust_clock().is_ok());
        self.0.parts.store.release(holding.me, hold.as_ref()).await?;
        self.0.runner.held(hold);
        Ok(if let Stop::Gathering { until } = stop { Some(*until) } else { None })
    }

    async fn drain_rounds(&self, holding: &Arc<Holding>) -> Turn {
        let mut changed = false;
        for _ in 0..ROUNDS_MAX {
            match self.drain_round(holding).await {
                Ok(Round { changed: true, more: true }) => changed = true,
                Ok(round) => return Turn::Empty { changed: changed || round.changed },
                Err(stop) => return Turn::Stopped(stop),
            }
            if let Err(stop) = self.renew(holding).await {
                return Turn::Stopped(stop);
            }
        }
        Turn::Stopped(Stop::OutOfTime)
    }

    /// Whether this machine's clock may say what has expired, whose lease is over and until when a hold lasts.
    pub(super) fn trust_clock(&self) -> Result<(), Stop> {
        self.0.parts.store.clock_objection().map_or(Ok(()), |why| Err(Stop::NoPermit { why }))
    }

    /// Makes sure that the lease lasts as long as an attempt may take, and what follows it must wait.
    pub(super) async fn keep(&self, holding: &Holding) -> Result<(), Stop> {
        let left_ms = holding.lease.lock().await.until.ms_since(self.clock().now());
        if left_ms < ATTEMPT_MAX_MS { self.renew(holding).await } else { Ok(()) }
    }

    /// Renews the lease.
    async fn renew(&self, holding: &Holding) -> Result<(), Stop> {
        let mut lease = holding.lease.lock().await;
        *lease = self.0.parts.store.renew(holding.me, self.clock().now()).await?.ok_or(Stop::Lost)?;
        Ok(())
    }
}
