//! One drain at a time in this process.
//!
//! Invariant: whoever asks for a drain gets one that began after asking, either a new one or the running one
//! going round once more.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use tokio::sync::{Mutex, OwnedMutexGuard};

use super::Relay;
use crate::domain::{Priority, Timestamp};

const NOTHING: u8 = 0;
const ROUTINE: u8 = 1;
const URGENT: u8 = 2;

/// Whether a drain runs, and whether another is wanted.
#[derive(Debug, Default)]
pub(super) struct Runner {
    gate: Arc<Mutex<()>>,
    wanted: AtomicU8,
    stop_before_ms: AtomicI64,
}

impl Runner {
    fn want(&self, class: Priority, stop_before: Timestamp) {
        let class = if class == Priority::Urgent { URGENT } else { ROUTINE };
        self.stop_before_ms.fetch_max(stop_before.ms(), Ordering::SeqCst);
        self.wanted.fetch_max(class, Ordering::SeqCst);
    }

    fn take_wanted(&self) -> Option<Priority> {
        match self.wanted.swap(NOTHING, Ordering::SeqCst) {
            NOTHING => None,
            URGENT => Some(Priority::Urgent),
            _ => Some(Priority::Routine),
        }
    }

    fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::SeqCst) != NOTHING
    }

    fn try_enter(&self) -> Option<OwnedMutexGuard<()>> {
        Arc::clone(&self.gate).try_lock_owned().ok()
    }
}

impl Relay {
    /// Starts a drain in the background. It makes no call that could not be over at `stop_before`.
    pub fn start_drain(&self, class: Priority, stop_before: Timestamp) {
        self.0.runner.want(class, stop_before);
        if let Some(entered) = self.0.runner.try_enter() {
            tokio::spawn(self.clone().keep_draining(entered));
        }
    }

    /// Drains, and returns when nothing more can be done now.
    pub async fn drain(&self, class: Priority, stop_before: Timestamp) {
        self.start_drain(class, stop_before);
        self.until_idle().await;
    }

    /// Returns when no drain runs in this process.
    pub async fn until_idle(&self) {
        drop(self.0.runner.gate.lock().await);
    }

    pub(super) fn is_draining(&self) -> bool {
        self.0.runner.gate.try_lock().is_err()
    }

    pub(super) fn stop_before(&self) -> Timestamp {
        Timestamp::from_ms(self.0.runner.stop_before_ms.load(Ordering::SeqCst))
    }

    async fn keep_draining(self, entered: OwnedMutexGuard<()>) {
        let mut entered = Some(entered);
        while let Some(held) = entered.take() {
            while let Some(class) = self.0.runner.take_wanted() {
                self.drain_once(class).await;
            }
            drop(held);
            if self.0.runner.is_wanted() {
                entered = self.0.runner.try_enter();
            }
        }
    }
}
