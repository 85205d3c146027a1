//! The lease: a [`Drain`] is made from one, and only a `Drain` makes calls.
//!
//! Invariant: a `Drain` exists only if the store gave this process the lease, and giving the lease back consumes it.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use tokio::sync::Mutex;

use super::super::parts::{Inner, Parts};
use super::interrupt::Interrupt;
use crate::clock::Clock;
use crate::defender::CALL_TIMEOUT_MS;
use crate::domain::budget::COUNTED_WITHIN_S;
use crate::domain::drain::Hold;
use crate::domain::{Order, Priority, TenantName};
use crate::store::{LEASE_MS, Lease, LeaseId, Store, StoreError};

/// Milliseconds by which the clocks of two instances may differ in the time of a hold.
const CLOCKS_DIFFER_MS: i64 = 1_000;
/// Milliseconds from one attempt to the next where Defender may still carry out the first.
pub(super) const SETTLED_AFTER_MS: i64 = COUNTED_WITHIN_S * 1000 + CLOCKS_DIFFER_MS;
/// Milliseconds that the lease must last when an attempt begins.
const ATTEMPT_MAX_MS: i64 = CALL_TIMEOUT_MS + SETTLED_AFTER_MS;
/// A lease that was just renewed must last that long.
const _: () = assert!(ATTEMPT_MAX_MS < LEASE_MS);
/// Parts of batches that one drain sends to find what Defender does not answer. To find one machine among 500 takes 18.
const SEARCHES_MAX: u32 = 24;

/// A drain that holds the lease.
#[derive(Debug)]
pub(super) struct Drain {
    pub(super) inner: Arc<Inner>,
    id: LeaseId,
    lease: Mutex<Lease>,
    /// The hold that was there when the lease was taken, also one that is over.
    hold: Option<Hold>,
    /// Whether Defender has answered a call of this drain.
    answered: AtomicBool,
    /// Whether the backlog had something urgent when it was read last.
    urgent_waits: AtomicBool,
    /// Parts of batches that may still be sent to find what Defender does not answer.
    searches_left: AtomicU32,
}

impl Drain {
    /// Takes the lease if it is free for this class. If it is not, the waiting callers learn what holds the drain up.
    pub(super) async fn acquire(inner: &Arc<Inner>, class: Priority) -> Result<Option<Arc<Self>>, Interrupt> {
        let store = &inner.parts.store;
        let was_seen_free = inner.drain_status.take_seen_free();
        if !was_seen_free && !is_free(inner, class).await? {
            return Ok(None);
        }
        check_clock(store)?;
        let id = LeaseId::fresh();
        if let Some(lease) = store.acquire(id, class, inner.parts.clock.now()).await? {
            return Ok(Some(Arc::new(Self::new(Arc::clone(inner), id, lease))));
        }
        if was_seen_free {
            is_free(inner, class).await?;
        }
        Ok(None)
    }

    fn new(inner: Arc<Inner>, id: LeaseId, lease: Lease) -> Self {
        Self {
            inner,
            id,
            hold: lease.hold.clone(),
            lease: Mutex::const_new(lease),
            answered: AtomicBool::new(false),
            urgent_waits: AtomicBool::new(false),
            searches_left: AtomicU32::new(SEARCHES_MAX),
        }
    }

    /// Makes sure that the lease lasts as long as an attempt may take, and as long as what follows it must wait.
    pub(super) async fn ensure_lease(&self) -> Result<(), Interrupt> {
        let left_ms = self.lease.lock().await.until.ms_since(self.clock().now());
        if left_ms < ATTEMPT_MAX_MS { self.renew().await } else { Ok(()) }
    }

    /// Renews the lease.
    pub(super) async fn renew(&self) -> Result<(), Interrupt> {
        let mut lease = self.lease.lock().await;
        let renewed = self.store().renew(self.id, self.clock().now()).await?;
        *lease = renewed.ok_or(Interrupt::Lost)?;
        Ok(())
    }

    /// Gives the lease back and leaves a hold behind, if there is one.
    pub(super) async fn release(self: Arc<Self>, hold: Option<Hold>) -> Result<(), StoreError> {
        self.store().release(self.id, hold.as_ref()).await?;
        self.inner.drain_status.note_hold(hold);
        Ok(())
    }

    /// Gives the lease back before the backlog is empty.
    pub(super) async fn give_up(self: Arc<Self>, interrupt: &Interrupt) -> Result<(), StoreError> {
        interrupt.log(self.tenant());
        let in_a_row = if self.has_answered() { 0 } else { self.unanswered_in_a_row() };
        let waiting =
            if self.urgent_waits.load(Ordering::SeqCst) { Priority::Urgent } else { Priority::Routine };
        if let (Interrupt::Unavailable { not_before, .. }, Priority::Routine) = (interrupt, waiting) {
            // After this, urgent work may go on: the call can no longer be carried out.
            self.wait_for_a_call_at(*not_before).await;
        }
        let hold = interrupt.hold(in_a_row, waiting, self.id.jitter(), self.clock().now());
        if check_clock(self.store()).is_ok() {
            return self.release(hold).await;
        }
        // A wrong clock must not say until when a hold lasts. Without a hold the lease may only be given back where no
        // call can be carried out any more; otherwise it ends by itself, later than such a call.
        match interrupt {
            Interrupt::Unavailable { .. } => Ok(()),
            _ => self.release(None).await,
        }
    }

    /// The order of the newest request when the lease was written.
    pub(super) async fn horizon(&self) -> Order {
        self.lease.lock().await.horizon
    }

    /// Drains in a row, before this one, that ended because there was no usable answer.
    pub(super) fn unanswered_in_a_row(&self) -> u32 {
        self.hold.as_ref().map_or(0, |hold| hold.in_a_row)
    }

    /// The failure that still keeps routine work from being sent, until Defender answers something urgent.
    pub(super) fn routine_failure(&self) -> Option<Interrupt> {
        let hold = self.hold.as_ref().filter(|_| !self.has_answered())?;
        let lasts = hold.is_failure() && hold.stops(Priority::Routine, self.clock().now());
        lasts.then(|| Interrupt::Held { until: hold.until, routine_only: true, reason: hold.reason.clone() })
    }

    /// Whether the last drain got no usable answer. Then one attempt has to show that Defender answers again.
    pub(super) fn is_probing(&self) -> bool {
        self.unanswered_in_a_row() > 0 && !self.has_answered()
    }

    pub(super) fn has_answered(&self) -> bool {
        self.answered.load(Ordering::SeqCst)
    }

    /// Notes whether something urgent waits.
    pub(super) fn note_urgent(&self, waits: bool) {
        self.urgent_waits.store(waits, Ordering::SeqCst);
    }

    /// Notes that Defender has answered a call.
    pub(super) fn note_answer(&self) {
        self.answered.store(true, Ordering::SeqCst);
    }

    /// Takes one of the searches that are left. Returns whether there was one.
    pub(super) fn take_search(&self) -> bool {
        let less = |left: u32| left.checked_sub(1);
        self.searches_left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).is_ok()
    }

    pub(super) fn parts(&self) -> &Parts {
        &self.inner.parts
    }

    pub(super) fn store(&self) -> &Store {
        &self.inner.parts.store
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.inner.parts.clock
    }

    pub(super) fn tenant(&self) -> &TenantName {
        &self.inner.parts.tenant
    }
}

/// Whether the lease is free for this class. If it is not, the waiting callers learn what holds the drain up.
async fn is_free(inner: &Inner, class: Priority) -> Result<bool, StoreError> {
    let state = inner.parts.store.drain_state().await?;
    let is_free = state.is_free(class, inner.parts.clock.now());
    if !is_free {
        inner.drain_status.note_hold(state.hold);
    }
    Ok(is_free)
}

/// Whether this machine's clock may decide what has expired, whose lease is over and until when a hold lasts.
pub(super) fn check_clock(store: &Store) -> Result<(), Interrupt> {
    match store.clock_objection() {
        Some(why) => Err(Interrupt::NoPermit { why }),
        None => Ok(()),
    }
}
