//! The expressions of the budget's writes.
//!
//! Invariant: every condition is about the item, not about what an instance believes of it.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder as Update;

use super::item::{ROOM, ROUTINE_ROOM};
use crate::domain::budget::{Ledger, Limits, RULES_VERSION};
use crate::domain::{Priority, Timestamp};
use crate::store::item::{bytes, number, text};

/// Sets a whole ledger except its pause, which only a pause may move.
const SET_LEDGER: &str = "SET head = :head, calls = :calls, #minute = :minute, #hour = :hour, \
                          room = :room, routineRoom = :routineRoom, roomFor = :terms, rulesVersion = :rules";
/// Sets the first ledger, or counts one more call in the ledger there is.
const SET_FIRST: &str = "SET calls = if_not_exists(calls, :zero) + :calls, head = if_not_exists(head, :head), \
                         #minute = if_not_exists(#minute, :minute), #hour = if_not_exists(#hour, :hour), \
                         room = if_not_exists(room, :room), \
                         routineRoom = if_not_exists(routineRoom, :routineRoom), \
                         roomFor = if_not_exists(roomFor, :terms), \
                         rulesVersion = if_not_exists(rulesVersion, :rules), \
                         pausedUntil = if_not_exists(pausedUntil, :zero)";
/// The condition of every write that counts a call.
const ALLOWED: &str = "pausedUntil <= :now AND rulesVersion = :rules";
/// The condition that the ledger still is the one a decision was made from.
const AS_SEEN: &str = "head = :seenHead AND calls = :seenCalls";

/// Writes a ledger that counts one more call, if the ledger still is `seen`.
pub(super) fn roll(update: Update, seen: (i64, u32), next: &Ledger, now: Timestamp) -> Update {
    as_seen(ledger(update, next), seen)
        .update_expression(SET_LEDGER)
        .condition_expression(format!("{AS_SEEN} AND {ALLOWED}"))
        .expression_attribute_values(":now", number(now.ms()))
}

/// Replaces a ledger of older rules, if it still is `seen`.
pub(super) fn take_over(update: Update, seen: (i64, u32), seen_rules: u32, next: &Ledger) -> Update {
    as_seen(ledger(update, next), seen)
        .update_expression(SET_LEDGER)
        .condition_expression(format!("{AS_SEEN} AND rulesVersion = :seenRules"))
        .expression_attribute_values(":seenRules", number(seen_rules))
}

/// Moves the whole ledger and its pause.
pub(super) fn charge(update: Update, seen: &Ledger, next: &Ledger) -> Update {
    as_seen(ledger(update, next), (seen.head, seen.calls))
        .update_expression(format!("{SET_LEDGER}, pausedUntil = :until"))
        .condition_expression(format!("{AS_SEEN} AND pausedUntil = :seenPaused AND rulesVersion = :rules"))
        .expression_attribute_values(":until", number(next.paused_until.ms()))
        .expression_attribute_values(":seenPaused", number(seen.paused_until.ms()))
}

/// Sets the pause alone.
pub(super) fn pause(update: Update, until: Timestamp) -> Update {
    update
        .update_expression("SET pausedUntil = :until")
        .condition_expression("pausedUntil < :until")
        .expression_attribute_values(":until", number(until.ms()))
}

/// Writes the first ledger, or counts one more call in the ledger there is.
pub(super) fn open(update: Update, first: &Ledger, class: Priority, now: Timestamp) -> Update {
    let update =
        ledger(update, first).update_expression(SET_FIRST).expression_attribute_values(":zero", number(0));
    has_room(update, now).condition_expression(format!("attribute_not_exists(pk) OR ({})", room_now(class)))
}

/// Counts one more call in the head's second.
pub(super) fn draw(update: Update, class: Priority, limits: Limits, now: Timestamp) -> Update {
    has_room(update, now)
        .update_expression("SET calls = calls + :calls")
        .condition_expression(room_now(class))
        .expression_attribute_values(":calls", number(1))
        .expression_attribute_values(":terms", text(limits.terms().to_string()))
        .expression_attribute_values(":rules", number(RULES_VERSION))
        .expression_attribute_values(":head", number(now.second()))
}

/// The head is now, and the room there is for these limits and not used up.
fn room_now(class: Priority) -> String {
    let room = if class == Priority::Urgent { ROOM } else { ROUTINE_ROOM };
    format!("head BETWEEN :head AND :next AND calls < {room} AND roomFor = :terms AND {ALLOWED}")
}

fn has_room(update: Update, now: Timestamp) -> Update {
    update
        .expression_attribute_values(":next", number(now.second() + 1))
        .expression_attribute_values(":now", number(now.ms()))
}

fn as_seen(update: Update, (head, calls): (i64, u32)) -> Update {
    update
        .expression_attribute_values(":seenHead", number(head))
        .expression_attribute_values(":seenCalls", number(calls))
}

fn ledger(update: Update, ledger: &Ledger) -> Update {
    let (minute, hour) = ledger.packed();
    update
        .expression_attribute_names("#minute", "minute")
        .expression_attribute_names("#hour", "hour")
        .expression_attribute_values(":head", number(ledger.head))
        .expression_attribute_values(":calls", number(ledger.calls))
        .expression_attribute_values(":minute", bytes(minute))
        .expression_attribute_values(":hour", bytes(hour))
        .expression_attribute_values(":room", number(ledger.room.urgent))
        .expression_attribute_values(":routineRoom", number(ledger.room.routine))
        .expression_attribute_values(":terms", text(ledger.room_for.to_string()))
        .expression_attribute_values(":rules", number(ledger.rules))
}
