//! `drain`: from the backlog to outcomes.
//!
//! Invariant: whoever accepts a request and finds the lease taken is not left behind, because its holder looks
//! at the backlog once more after giving the lease back.

use std::sync::Arc;

use tokio::sync::Mutex;

use super::Relay;
use super::round::Round;
use super::stop::Stop;
use crate::domain::fold::{Rules, fold};
use crate::domain::{Priority, RequestRecord, Timestamp};
use crate::store::{DrainState, Lease, LeaseId, StoreError};

/// Times one drain takes the lease again because something came in as it gave it back.
const LOOKS_MAX: u32 = 100;
/// Times it finds nothing to do although something is in the backlog, before it gives up: an item that cannot
/// be read stays there.
const IDLE_LOOKS_MAX: u32 = 2;
/// Rounds under one lease.
const ROUNDS_MAX: u32 = 10_000;
/// Milliseconds in an hour.
const MS_PER_HOUR: i64 = 3_600_000;

/// A drain that holds the lease.
#[derive(Debug)]
pub(super) struct Holding {
    pub(super) me: LeaseId,
    pub(super) lease: Mutex<Lease>,
}

/// How a turn with the lease ended.
enum Turn {
    Empty { changed: bool },
    Stopped(Stop),
}

/// What is to be done after a turn.
enum Next {
    Rest,
    Look { changed: bool },
}

impl Relay {
    /// Takes the lease if it is free, drains, and gives it back.
    pub(super) async fn drain_once(&self, class: Priority) {
        let mut idle_looks = 0;
        for _ in 0..LOOKS_MAX {
            match self.take_turn(class).await {
                Ok(Next::Look { changed: true }) => idle_looks = 0,
                Ok(Next::Look { changed: false }) if idle_looks < IDLE_LOOKS_MAX => idle_looks += 1,
                Ok(_) => return,
                Err(error) => return tracing::error!(%error, "the drain stops: the table cannot be used"),
            }
        }
    }

    /// One turn with the lease.
    async fn take_turn(&self, class: Priority) -> Result<Next, StoreError> {
        let store = &self.0.parts.store;
        let state = store.drain_state().await?;
        if !state.is_free(class, self.clock().now()) {
            return Ok(Next::Rest);
        }
        let me = LeaseId::fresh();
        let Some(lease) = store.acquire(me, class, self.clock().now()).await? else { return Ok(Next::Rest) };
        let holding = Arc::new(Holding { me, lease: Mutex::new(lease) });
        match self.drain_rounds(&holding).await {
            Turn::Empty { changed } => {
                store.release(me, None).await?;
                Ok(if store.has_backlog().await? { Next::Look { changed } } else { Next::Rest })
            }
            Turn::Stopped(stop) => self.give_up(me, &stop, &state).await.map(|()| Next::Rest),
        }
    }

    async fn give_up(&self, me: LeaseId, stop: &Stop, state: &DrainState) -> Result<(), StoreError> {
        match stop {
            Stop::Held { until, reason, .. } => tracing::warn!(%until, reason, "the drain is held up"),
            Stop::Unavailable { why, .. } => tracing::warn!(why, "Defender is not available"),
            Stop::Store(error) => tracing::error!(%error, "the drain stops: the table cannot be used"),
            Stop::OutOfTime | Stop::Lost => tracing::info!(?stop, "the drain stops"),
        }
        let in_a_row = state.hold.as_ref().map_or(0, |hold| hold.in_a_row);
        let hold = stop.hold(in_a_row, me.jitter(), self.clock().now());
        self.0.parts.store.release(me, hold.as_ref()).await
    }

    async fn drain_rounds(&self, holding: &Arc<Holding>) -> Turn {
        for round in 0..ROUNDS_MAX {
            match self.drain_round(holding).await {
                Ok(true) => {}
                Ok(false) => return Turn::Empty { changed: round > 0 },
                Err(stop) => return Turn::Stopped(stop),
            }
        }
        Turn::Stopped(Stop::OutOfTime)
    }

    /// Reads the backlog, folds it and sends what can be sent. Says whether it changed anything.
    async fn drain_round(&self, holding: &Arc<Holding>) -> Result<bool, Stop> {
        let store = &self.0.parts.store;
        let lease = store.renew(holding.me, self.clock().now()).await?.ok_or(Stop::Lost)?;
        *holding.lease.lock().await = lease;
        let records = store.backlog(lease.horizon).await?;
        let plan = fold(&records, self.rules(self.clock().now()));
        let mut round = Round::new(records);
        self.save_given_up(&mut round, &plan).await?;
        let progress = !(plan.batches.is_empty() && plan.superseded.is_empty() && plan.expired.is_empty());
        let stopped = self.fly_all(holding, &mut round, plan.batches).await;
        self.save(&mut round, RequestRecord::is_done).await?;
        self.save(&mut round, |_| true).await?;
        stopped.map(|()| progress)
    }

    fn rules(&self, now: Timestamp) -> Rules {
        let parts = &self.0.parts;
        Rules {
            expired_before: now.plus_ms(-i64::from(parts.request_expires_hours) * MS_PER_HOUR),
            machines_per_call: parts.machines_per_call as usize,
        }
    }
}
