//! Runs one drain at a time in this process.
//!
//! Invariant: an instance that accepts a request and finds the lease taken does not lose that request, because the
//! drain that holds the lease reads the backlog once more after it gives the lease back.

use std::sync::Arc;

use super::super::drain_status::DrainStatus;
use super::super::parts::Inner;
use super::interrupt::Interrupt;
use super::lease::Drain;
use crate::defender::CALL_TIMEOUT_MS;
use crate::domain::{Priority, Timestamp};

/// Turns in a row for one drain that is asked for. Each but the first begins because something came in as the lease was
/// given back.
const TURNS_MAX: u32 = 100;
/// Turns in a row that change nothing although something is in the backlog. An item that cannot be read stays there.
const IDLE_TURNS_MAX: u32 = 2;

/// Starts a drain in the background. It makes no call that could not be over at `stop_before`.
pub(in crate::relay) fn start_drain(inner: &Arc<Inner>, class: Priority, stop_before: Timestamp) {
    if inner.drain_status.ask_for(class, stop_before) {
        tokio::spawn(keep_draining(Arc::clone(inner)));
    }
}

/// Drains, and returns when nothing more can be done now.
pub(in crate::relay) async fn drain(inner: &Arc<Inner>, class: Priority, stop_before: Timestamp) {
    start_drain(inner, class, stop_before);
    inner.drain_status.until_idle().await;
}

/// Takes turns until no drain is asked for.
async fn keep_draining(inner: Arc<Inner>) {
    let status = &inner.drain_status;
    let _stop_on_panic = StopOnPanic(status);
    let mut turns = Turns::default();
    let mut next = status.take_next();
    while let Some(class) = next {
        let again = take_turn(&inner, class, &mut turns).await.unwrap_or_else(|interrupt| {
            interrupt.log(&inner.parts.tenant);
            false
        });
        if !again {
            turns = Turns::default();
            next = status.take_next();
        }
    }
}

/// Takes the lease if it is free, drains, and gives it back. Returns whether another turn follows for the same class.
async fn take_turn(inner: &Arc<Inner>, class: Priority, turns: &mut Turns) -> Result<bool, Interrupt> {
    let Some(drain) = Drain::acquire(inner, class).await? else { return Ok(false) };
    match drain.turn().await {
        Ok(changed) => {
            drain.release(None).await?;
            Ok(inner.parts.store.has_backlog().await? && turns.may_follow(changed))
        }
        Err(interrupt) => {
            drain.give_up(&interrupt).await?;
            if let Interrupt::Gathering { until } = interrupt {
                gather(inner, until).await;
            }
            Ok(false)
        }
    }
}

/// Waits while batches gather and then asks for a drain, if there is time for a call after that.
async fn gather(inner: &Inner, until: Timestamp) {
    let status = &inner.drain_status;
    if until.plus_ms(CALL_TIMEOUT_MS) <= status.stop_before() {
        status.gather(&inner.parts.clock, until).await;
        status.ask_for(Priority::Routine, Timestamp::default());
    }
}

/// The turns for one drain that is asked for.
#[derive(Default)]
struct Turns {
    taken: u32,
    idle: u32,
}

impl Turns {
    /// Counts a turn after which something is in the backlog. Returns whether another one may follow.
    fn may_follow(&mut self, changed: bool) -> bool {
        self.taken += 1;
        self.idle = if changed { 0 } else { self.idle + 1 };
        self.taken < TURNS_MAX && self.idle <= IDLE_TURNS_MAX
    }
}

/// Notes that no drain runs if it panics, so that the next request starts one again.
struct StopOnPanic<'a>(&'a DrainStatus);

impl Drop for StopOnPanic<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.set_stopped();
        }
    }
}
