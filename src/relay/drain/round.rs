//! A round: reads the backlog once, folds and paces it, and sends what leaves now.
//!
//! Invariant: a round that leaves something on purpose reports it, and the next round finds it again.

use std::sync::Arc;

use futures_util::try_join;

use super::interrupt::Interrupt;
use super::lease::{Drain, check_clock};
use super::outcomes::RoundOutcomes;
use super::send::BATCHES_PER_ROUND;
use crate::domain::drain::{Rules, Usage, fold, pace};
use crate::domain::{Priority, Timestamp};
use crate::store::DeadEntry;

/// Milliseconds in an hour.
const MS_PER_HOUR: i64 = 3_600_000;

/// What one round did.
#[derive(Clone, Copy, Debug)]
pub(super) struct Progress {
    /// Whether it changed anything.
    pub(super) changed: bool,
    /// Whether it left something that can be sent at once.
    pub(super) more: bool,
}

impl Drain {
    /// Reads the backlog, folds it and sends what leaves now.
    pub(super) async fn round(self: &Arc<Self>) -> Result<Progress, Interrupt> {
        let horizon = self.horizon().await;
        let (page, calls) = try_join!(self.store().backlog(horizon), self.inner.budget.used_in_minute())?;
        check_clock(self.store())?;
        self.set_aside(&page.dead).await?;
        let now = self.clock().now();
        let plan = fold(&page.records, self.rules(page.whole, now));
        let batches = self.inner.quarantine.without_isolated(plan.batches, now);
        let usage = Usage { calls, whole: page.whole };
        let mut paced = pace(batches, &page.records, self.machines_per_call(), usage, now);
        let routine_failure = self.routine_failure();
        if routine_failure.is_some() {
            paced.now.retain(|batch| batch.priority == Priority::Urgent);
        }
        let given_up = plan.superseded.len() + plan.expired.len() + page.dead.len();
        let progress = Progress {
            changed: given_up + paced.now.len() > 0,
            more: paced.now.len() > BATCHES_PER_ROUND || plan.waiting > 0 || !page.whole,
        };

        let urgent = paced.now.iter().filter(|batch| batch.priority == Priority::Urgent).count();
        self.note_urgent(urgent > 0);
        let mut outcomes = RoundOutcomes::new(page.records);
        self.save_given_up(&mut outcomes, &plan.superseded, &plan.expired).await?;
        let sent = self.send_all(&mut outcomes, paced.now).await;
        let saved = self.save(&mut outcomes, |_| true).await;
        match Interrupt::weightier(sent, saved) {
            // What stops routine work alone leaves the urgent batches to the next round.
            Err(interrupt) if !interrupt.concerns(Priority::Urgent) && urgent >= BATCHES_PER_ROUND => {}
            result => result?,
        }
        if let Some(held) = routine_failure {
            // Once Defender has answered, the next round sends what was held.
            return if self.has_answered() { Ok(Progress { more: true, ..progress }) } else { Err(held) };
        }
        match paced.gathering_until {
            Some(until) if !(progress.changed && progress.more) => Err(Interrupt::Gathering { until }),
            _ => Ok(progress),
        }
    }

    async fn set_aside(&self, dead: &[DeadEntry]) -> Result<(), Interrupt> {
        for entry in dead {
            tracing::error!(
                SetAside = 1,
                tenant = %self.tenant(),
                entry = entry.name(),
                why = entry.why,
                "an entry of the backlog is set aside: an operator must look at it"
            );
            self.store().set_aside(entry).await?;
        }
        Ok(())
    }

    fn rules(&self, whole: bool, now: Timestamp) -> Rules {
        let expires_hours = i64::from(self.parts().request_expires_hours);
        Rules {
            expired_before: now.plus_ms(-expires_hours * MS_PER_HOUR),
            machines_per_call: self.machines_per_call(),
            whole,
        }
    }

    fn machines_per_call(&self) -> usize {
        self.parts().machines_per_call as usize
    }
}
