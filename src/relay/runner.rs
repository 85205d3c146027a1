//! One drain at a time in this process.
//!
//! Invariant: whoever asks for a drain gets one that began after asking, either a new one or the running one
//! going round once more.

use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, watch};

use super::Relay;
use crate::defender::CALL_TIMEOUT_MS;
use crate::domain::{Priority, Timestamp};
use crate::store::{DrainState, Hold};

/// Whether a drain runs, and whether another is wanted.
#[derive(Debug, Default)]
pub(super) struct Runner {
    wanted: Mutex<Wanted>,
    running: watch::Sender<bool>,
    /// Told when an urgent drain is wanted: it does not wait for batches that gather.
    urgent: Notify,
    /// What held up the last drain of this process, if anything did.
    held: watch::Sender<Option<Hold>>,
    /// Whether the lease was free when a request last got its place.
    seen_free: AtomicBool,
}

#[derive(Debug, Default)]
struct Wanted {
    class: Option<Priority>,
    stop_before: Timestamp,
}

impl Runner {
    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a drain. Says whether the caller has to run it.
    fn want(&self, class: Priority, stop_before: Timestamp) -> bool {
        let mut wanted = self.lock();
        wanted.class = Some(wanted.class.map_or(class, |before| before.min(class)));
        wanted.stop_before = wanted.stop_before.max(stop_before);
        if class == Priority::Urgent {
            self.urgent.notify_waiters();
        }
        !self.running.send_replace(true)
    }

    /// Notes how the drain's item was when a request got its place.
    pub(super) fn saw(&self, state: &DrainState, now: Timestamp) {
        self.seen_free.store(state.is_free(Priority::Routine, now), Ordering::SeqCst);
    }

    /// Whether the lease was free when a request last got its place. Says so once. Only a lease that is free may be taken
    /// by what was seen: whoever held it then may have looked at the backlog for the last time before that request was in.
    pub(super) fn was_free(&self) -> bool {
        self.seen_free.swap(false, Ordering::SeqCst)
    }

    /// Says what holds the drain up from now on.
    pub(super) fn held(&self, hold: Option<Hold>) {
        self.held.send_replace(hold);
    }

    /// Returns when nothing is done for a request of this class before `moment`.
    pub(super) async fn held_beyond(&self, class: Priority, moment: Timestamp) {
        let beyond = |hold: &Option<Hold>| hold.as_ref().is_some_and(|hold| hold.stops(class, moment));
        if self.held.subscribe().wait_for(beyond).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// The class of the next drain. If none is wanted, the running ends here.
    fn next(&self) -> Option<Priority> {
        let mut wanted = self.lock();
        let class = wanted.class.take();
        self.running.send_replace(class.is_some());
        class
    }
}

/// Ends the running if a drain panics, so that the next request starts one again.
struct Running<'a>(&'a Runner);

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.running.send_replace(false);
        }
    }
}

impl Relay {
    /// Starts a drain in the background. It makes no call that could not be over at `stop_before`.
    pub fn start_drain(&self, class: Priority, stop_before: Timestamp) {
        if self.0.runner.want(class, stop_before) {
            tokio::spawn(self.clone().keep_draining());
        }
    }

    /// Drains, and returns when nothing more can be done now.
    pub async fn drain(&self, class: Priority, stop_before: Timestamp) {
        self.start_drain(class, stop_before);
        self.until_idle().await;
    }

    /// Returns when no drain runs in this process.
    pub async fn until_idle(&self) {
        let mut running = self.0.runner.running.subscribe();
        if running.wait_for(|running| !running).await.is_err() {
            tracing::debug!("the drain's runner is gone");
        }
    }

    pub(super) fn is_draining(&self) -> bool {
        *self.0.runner.running.borrow()
    }

    pub(super) fn stop_before(&self) -> Timestamp {
        self.0.runner.lock().stop_before
    }

    /// Waits while batches gather, and then wants a drain.
    async fn gather(&self, until: Timestamp) {
        let runner = &self.0.runner;
        let mut urgent = pin!(runner.urgent.notified());
        urgent.as_mut().enable();
        if runner.lock().class != Some(Priority::Urgent) {
            tokio::select! {
                () = self.clock().wait_until(until) => {}
                () = urgent => {}
            }
        }
        runner.want(Priority::Routine, Timestamp::default());
    }

    async fn keep_draining(self) {
        let runner = &self.0.runner;
        let _running = Running(runner);
        while let Some(class) = runner.next() {
            if let Some(until) = self.drain_once(class).await
                && until.plus_ms(CALL_TIMEOUT_MS) <= self.stop_before()
            {
                self.gather(until).await;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEVER: Timestamp = Timestamp::from_ms(i64::MAX);

    #[test]
    fn a_drain_that_is_asked_for_while_one_runs_goes_round_once_more() {
        let runner = Runner::default();
        assert!(runner.want(Priority::Routine, NEVER), "the first has to run it");
        assert!(!runner.want(Priority::Routine, NEVER) && !runner.want(Priority::Urgent, NEVER));
        assert_eq!((runner.next(), runner.next()), (Some(Priority::Urgent), None));
        assert!(runner.want(Priority::Routine, NEVER), "after the end the next one has to run it");
    }
}
