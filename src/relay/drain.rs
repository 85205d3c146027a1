//! `drain`: from the backlog to outcomes.
//!
//! Invariant: whoever accepts a request and finds the lease taken is not left behind, because its holder looks
//! at the backlog once more after giving the lease back.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use super::Relay;
use super::round::Round;
use super::stop::Stop;
use crate::domain::{Priority, Timestamp};
use crate::store::{DrainState, Lease, LeaseId, StoreError};

/// Times one drain takes the lease again because something came in as it gave it back.
const LOOKS_MAX: u32 = 100;
/// Times it finds nothing to do although something is in the backlog, before it gives up: an item that cannot
/// be read stays there.
const IDLE_LOOKS_MAX: u32 = 2;
/// Rounds under one lease.
const ROUNDS_MAX: u32 = 10_000;

/// A drain that holds the lease.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) me: LeaseId,
    pub(super) lease: Mutex<Lease>,
    /// Whether Defender was not available the last time: then one attempt has to show that it is again.
    probing: AtomicBool,
}

impl Holding {
    pub(super) fn is_probing(&self) -> bool {
        self.probing.load(Ordering::SeqCst)
    }

    pub(super) fn answered(&self) {
        self.probing.store(false, Ordering::SeqCst);
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
                    tracing::error!(StoreFailures = 1, %error, "the drain stops: the table cannot be used");
                    return None;
                }
            }
        }
        None
    }

    /// One turn with the lease.
    async fn take_turn(&self, class: Priority) -> Result<Next, StoreError> {
        let store = &self.0.parts.store;
        let state = store.drain_state().await?;
        if let Err(stop) = self.trust_clock() {
            stop.log();
            return Ok(Next::Rest(None));
        }
        if !state.is_free(class, self.clock().now()) {
            self.0.runner.held(state.hold);
            return Ok(Next::Rest(None));
        }
        let me = LeaseId::fresh();
        let Some(lease) = store.acquire(me, class, self.clock().now()).await? else {
            return Ok(Next::Rest(None));
        };
        let probing = state.hold.as_ref().is_some_and(|hold| hold.in_a_row > 0);
        let holding = Arc::new(Holding { me, lease: Mutex::new(lease), probing: probing.into() });
        match self.drain_rounds(&holding).await {
            Turn::Empty { changed } => {
                store.release(me, None).await?;
                self.0.runner.held(None);
                Ok(if store.has_backlog().await? { Next::Look { changed } } else { Next::Rest(None) })
            }
            Turn::Stopped(stop) => self.give_up(&holding, &stop, &state).await.map(Next::Rest),
        }
    }

    /// Gives the lease back before the backlog is empty. If batches gather, says until when.
    async fn give_up(
        &self,
        holding: &Holding,
        stop: &Stop,
        state: &DrainState,
    ) -> Result<Option<Timestamp>, StoreError> {
        stop.log();
        let in_a_row = state.hold.as_ref().filter(|_| holding.is_probing()).map_or(0, |hold| hold.in_a_row);
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

    /// Renews the lease.
    pub(super) async fn renew(&self, holding: &Holding) -> Result<(), Stop> {
        let mut lease = holding.lease.lock().await;
        *lease = self.0.parts.store.renew(holding.me, self.clock().now()).await?.ok_or(Stop::Lost)?;
        Ok(())
    }
}
