//! Reads the budget's item as a ledger.

use crate::domain::Timestamp;
use crate::domain::budget::{Ledger, Limits, RULES_VERSION, Room, Terms};
use crate::store::item::{Item, get_bytes, get_number, get_text, malformed};
use crate::store::table::StoreError;

/// How far calls may go in the head's second: urgent, and routine.
pub(super) const ROOM: &str = "room";
pub(super) const ROUTINE_ROOM: &str = "routineRoom";

/// Reads the item. Of an item of other rules it reads only the head and its calls, which show whether the item
/// has changed.
pub(super) fn read(item: &Item) -> Result<Ledger, StoreError> {
    let limits = Limits::default();
    let mut ledger = Ledger::new(get_number(item, "head")?, get_number(item, "calls")?, limits);
    ledger.paused_until = Timestamp::from_ms(get_number(item, "pausedUntil")?);
    ledger.rules = get_number(item, "rulesVersion")?;
    if ledger.rules != RULES_VERSION {
        return Ok(ledger);
    }
    ledger.room = Room { urgent: get_number(item, ROOM)?, routine: get_number(item, ROUTINE_ROOM)? };
    let terms = Terms::parse(get_text(item, "roomFor")?);
    ledger.room_for = terms.ok_or_else(|| malformed("roomFor"))?;
    ledger
        .with_packed(get_bytes(item, "minute")?, get_bytes(item, "hour")?)
        .map_err(|error| StoreError::Malformed(error.to_string()))
}
