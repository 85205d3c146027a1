//! A turn: rounds under one lease until the backlog is empty or something interrupts the drain.

use std::sync::Arc;

use super::interrupt::Interrupt;
use super::lease::Drain;

/// Rounds under one lease.
const ROUNDS_MAX: u32 = 10_000;

impl Drain {
    /// Sends what waits. Returns whether anything was changed.
    pub(super) async fn turn(self: &Arc<Self>) -> Result<bool, Interrupt> {
        let mut changed = false;
        for _ in 0..ROUNDS_MAX {
            let progress = self.round().await?;
            changed |= progress.changed;
            if !progress.changed || !progress.more {
                return Ok(changed);
            }
            self.renew().await?;
        }
        Err(Interrupt::OutOfTime)
    }
}
