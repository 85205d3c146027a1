//! Whether a drain runs in this process, whether another one is asked for, and what held up the last one.
//!
//! Invariant: a caller that asks for a drain gets one that begins after it asked.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use crate::clock::Clock;
use crate::domain::drain::Hold;
use crate::domain::{Priority, Timestamp};
use crate::store::DrainState;

/// What one process knows of its drains.
#[derive(Debug, Default)]
pub(super) struct DrainStatus {
    next: Mutex<NextDrain>,
    running: watch::Sender<bool>,
    /// Notified when an urgent drain is asked for. Such a drain does not wait for batches that gather.
    urgent: Notify,
    /// What held up the last drain of this process, if anything did.
    hold: watch::Sender<Option<Hold>>,
    /// Whether the lease was free when a request last got its place in the order.
    seen_free: AtomicBool,
}

/// The drain that is asked for.
#[derive(Debug, Default)]
struct NextDrain {
    class: Option<Priority>,
    stop_before: Timestamp,
}

impl DrainStatus {
    fn next(&self) -> MutexGuard<'_, NextDrain> {
        self.next.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a drain. Returns whether the caller has to run it.
    pub(super) fn ask_for(&self, class: Priority, stop_before: Timestamp) -> bool {
        let mut next = self.next();
        next.class = Some(next.class.map_or(class, |before| before.min(class)));
        next.stop_before = next.stop_before.max(stop_before);
        if class == Priority::Urgent {
            self.urgent.notify_waiters();
        }
        !self.running.send_replace(true)
    }

    /// Takes the class of the drain that is asked for. If there is none, no drain runs any more.
    pub(super) fn take_next(&self) -> Option<Priority> {
        let mut next = self.next();
        let class = next.class.take();
        self.running.send_replace(class.is_some());
        class
    }

    /// The drain that ran has failed: the next caller has to run one.
    pub(super) fn set_stopped(&self) {
        self.running.send_replace(false);
    }

    /// Whether a drain runs.
    pub(super) fn is_draining(&self) -> bool {
        *self.running.borrow()
    }

    /// Returns when no drain runs.
    pub(super) async fn until_idle(&self) {
        let mut running = self.running.subscribe();
        if running.wait_for(|running| !running).await.is_err() {
            tracing::debug!("the drain's runner is gone");
        }
    }

    /// No call begins that could not be over at this moment.
    pub(super) fn stop_before(&self) -> Timestamp {
        self.next().stop_before
    }

    /// Waits while batches gather. An urgent drain that is asked for ends the wait.
    pub(super) async fn gather(&self, clock: &Clock, until: Timestamp) {
        let mut urgent = pin!(self.urgent.notified());
        urgent.as_mut().enable();
        if self.next().class != Some(Priority::Urgent) {
            tokio::select! {
                () = clock.wait_until(until) => {}
                () = urgent => {}
            }
        }
    }

    /// Notes how the drain's item was when a request got its place in the order.
    pub(super) fn note_drain_state(&self, state: &DrainState, now: Timestamp) {
        self.seen_free.store(state.is_free(Priority::Routine, now), Ordering::SeqCst);
    }

    /// Whether the lease was free when a request last got its place in the order. Consumes the observation. Only *free*
    /// may be trusted: a previous holder may have done its last read before this request was written.
    pub(super) fn take_seen_free(&self) -> bool {
        self.seen_free.swap(false, Ordering::SeqCst)
    }

    /// Notes what holds the drain up from now on.
    pub(super) fn note_hold(&self, hold: Option<Hold>) {
        self.hold.send_replace(hold);
    }

    /// Returns when it is known that nothing is sent for a request of this class before `moment`.
    pub(super) async fn until_held_beyond(&self, class: Priority, moment: Timestamp) {
        let beyond = |hold: &Option<Hold>| hold.as_ref().is_some_and(|hold| hold.stops(class, moment));
        if self.hold.subscribe().wait_for(beyond).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Timestamp = Timestamp::from_ms(i64::MAX);

    #[test]
    fn a_drain_that_is_asked_for_while_one_runs_goes_round_once_more() {
        let status = DrainStatus::default();
        assert!(status.ask_for(Priority::Routine, NEVER), "the first has to run it");
        assert!(!status.ask_for(Priority::Routine, NEVER) && !status.ask_for(Priority::Urgent, NEVER));
        assert_eq!((status.take_next(), status.take_next()), (Some(Priority::Urgent), None));
        assert!(status.ask_for(Priority::Routine, NEVER), "after the end the next one has to run it");
    }
}
