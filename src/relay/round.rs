//! A round: the backlog read once, folded, paced, and sent as far as it goes now.
//!
//! Invariant: a round that leaves something on purpose says so, and the next one finds it again.

use std::sync::Arc;

use futures_util::try_join;

use super::Relay;
use super::drain::Holding;
use super::flight::{BATCHES_PER_ROUND, both};
use super::requests::Requests;
use super::stop::Stop;
use crate::domain::Timestamp;
use crate::domain::drain::{Rules, fold};
use crate::domain::drain::{Usage, pace};
use crate::store::DeadEntry;

/// Milliseconds in an hour.
const MS_PER_HOUR: i64 = 3_600_000;

/// What one round did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Round {
    /// Whether it changed anything.
    pub(super) changed: bool,
    /// Whether it left something that can go at once.
    pub(super) more: bool,
}

impl Relay {
    /// Reads the backlog, folds it and sends what leaves now.
    pub(super) async fn drain_round(&self, holding: &Arc<Holding>) -> Result<Round, Stop> {
        let horizon = holding.lease.lock().await.horizon;
        let read = async { self.0.parts.store.backlog(horizon).await.map_err(Stop::from) };
        let (read, calls) = try_join!(read, self.used_in_minute())?;
        self.trust_clock()?;
        self.set_aside(&read.dead).await?;
        let now = self.clock().now();
        let plan = fold(&read.records, self.rules(now));
        let batches = self.0.resting.without(plan.batches, now);
        let usage = Usage { calls, whole: read.whole };
        let paced = pace(batches, &read.records, self.machines_per_call(), usage, now);
        let given_up = plan.superseded.len() + plan.expired.len() + read.dead.len();
        let changed = given_up + paced.now.len() > 0;
        let more = paced.now.len() > BATCHES_PER_ROUND || plan.waiting > 0 || !read.whole;

        let mut requests = Requests::new(read.records);
        self.save_given_up(holding, &mut requests, &plan.superseded, &plan.expired).await?;
        let flown = self.fly_all(holding, &mut requests, paced.now).await;
        let saved = self.save(holding, &mut requests, |_| true).await;
        if let Some(stop) = both(flown.err(), saved) {
            return Err(stop);
        }
        match paced.gathering_until {
            Some(until) if !(changed && more) => Err(Stop::Gathering { until }),
            _ => Ok(Round { changed, more }),
        }
    }

    async fn set_aside(&self, dead: &[DeadEntry]) -> Result<(), Stop> {
        for entry in dead {
            tracing::error!(
                SetAside = 1,
                tenant = %self.tenant(),
                entry = entry.name(),
                why = entry.why,
                "an entry of the backlog is set aside: an operator must look at it"
            );
            self.0.parts.store.set_aside(entry).await?;
        }
        Ok(())
    }

    fn rules(&self, now: Timestamp) -> Rules {
        let expires_hours = i64::from(self.0.parts.request_expires_hours);
        Rules {
            expired_before: now.plus_ms(-expires_hours * MS_PER_HOUR),
            machines_per_call: self.machines_per_call(),
        }
    }

    fn machines_per_call(&self) -> usize {
        self.0.parts.machines_per_call as usize
    }
}
