//! The drain's item: the order of requests, the lease and what blocks the drain.
//!
//! Invariant: at most one drain holds the lease at a time. The lease keeps the order and saves calls; the budget's
//! safety does not depend on it.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::ReturnValue;
use uuid::Uuid;

use super::conditional::{Conditional, conditional};
use super::item::{Item, PK, SK, find_number, get_number, get_text, number, text};
use super::table::{Store, StoreError, unavailable};
use crate::domain::drain::{Hold, HoldReason};
use crate::domain::{Order, Priority, Timestamp};

/// Milliseconds a lease lasts unless it is renewed: longer than a call may take and be counted.
pub const LEASE_MS: i64 = 40_000;
/// Milliseconds a lease must be over before another drain takes it: clocks differ.
const LEASE_GRACE_MS: i64 = 1_000;
/// A lease that ends later than this from now was written by a wrong clock, and counts as over.
const LEASE_MAX_MS: i64 = 2 * LEASE_MS;

/// The holder of a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LeaseId(Uuid);

impl LeaseId {
    /// A new holder.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    /// A random number that is the same for the whole lease, to spread the instances that wait.
    pub fn jitter(&self) -> u8 {
        self.0.as_bytes()[0]
    }
}

/// The right to drain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Until when.
    pub until: Timestamp,
    /// The order of the newest request when the lease was written.
    pub horizon: Order,
    /// The hold that was there when it was taken, also one that is over.
    pub hold: Option<Hold>,
}

/// Places in the order of requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Places {
    /// The first of them.
    pub first: Order,
    /// The drain's item as they were given.
    pub drain: DrainState,
}

/// The drain's item.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DrainState {
    /// Until when the lease is held, if it is.
    pub leased_until: Option<Timestamp>,
    /// What blocks it, or blocked it last.
    pub hold: Option<Hold>,
}

impl DrainState {
    /// Whether a drain for this class would find the lease free and nothing that blocks it.
    pub fn is_free(&self, priority: Priority, now: Timestamp) -> bool {
        let lasts =
            |until: Timestamp| until.plus_ms(LEASE_GRACE_MS) >= now && until <= now.plus_ms(LEASE_MAX_MS);
        let leased = self.leased_until.is_some_and(lasts);
        let held = self.hold.as_ref().is_some_and(|hold| hold.stops(priority, now));
        !leased && !held
    }
}

impl Store {
    fn drain_update(&self) -> UpdateItemFluentBuilder {
        self.client.update_item().table_name(&self.table).key(PK, text(&self.tenant)).key(SK, text("drain"))
    }

    /// The next places in the order of requests, so many in a row.
    pub async fn next_order(&self, places: u8) -> Result<Places, StoreError> {
        let update = self
            .drain_update()
            .update_expression("ADD #order :places")
            .expression_attribute_names("#order", "order")
            .expression_attribute_values(":places", number(places))
            .return_values(ReturnValue::AllNew);
        let done = update.send().await.map_err(|error| unavailable(&error))?;
        let item = done.attributes.unwrap_or_default();
        let last: Order = get_number(&item, "order")?;
        Ok(Places { first: last.saturating_sub(u64::from(places.saturating_sub(1))), drain: state(&item)? })
    }

    /// The drain's item.
    pub async fn drain_state(&self) -> Result<DrainState, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true);
        let found = get.key(PK, text(&self.tenant)).key(SK, text("drain")).send().await;
        let found = found.map_err(|error| unavailable(&error))?;
        found.item().map_or_else(|| Ok(DrainState::default()), state)
    }

    /// Takes the lease for a drain on behalf of this class; none if it is taken or the drain is blocked.
    pub async fn acquire(
        &self,
        me: LeaseId,
        class: Priority,
        now: Timestamp,
    ) -> Result<Option<Lease>, StoreError> {
        let held = match class {
            Priority::Urgent => {
                "(attribute_not_exists(holdUntil) OR holdUntil <= :now OR routineOnly = :yes)"
            }
            Priority::Routine => "(attribute_not_exists(holdUntil) OR holdUntil <= :now)",
        };
        // A late copy of this write must not shorten the lease that a later one has renewed.
        let mine = "(holder = :me AND leaseUntil <= :until)";
        let over = "leaseUntil < :over OR leaseUntil > :tooFar";
        let free = format!("(attribute_not_exists(holder) OR {mine} OR {over})");
        let mut update = self
            .lease_update(me, now, &format!("{free} AND {held}"))
            .expression_attribute_values(":now", number(now.ms()))
            .expression_attribute_values(":over", number(now.plus_ms(-LEASE_GRACE_MS).ms()))
            .expression_attribute_values(":tooFar", number(now.plus_ms(LEASE_MAX_MS).ms()));
        if class == Priority::Urgent {
            update = update.expression_attribute_values(":yes", number(1));
        }
        lease(update, now).await
    }

    /// Renews the lease; none if it is lost. A copy of an earlier renewal that arrives late does not shorten it.
    pub async fn renew(&self, me: LeaseId, now: Timestamp) -> Result<Option<Lease>, StoreError> {
        lease(self.lease_update(me, now, "holder = :me AND leaseUntil <= :until"), now).await
    }

    fn lease_update(&self, me: LeaseId, now: Timestamp, condition: &str) -> UpdateItemFluentBuilder {
        self.drain_update()
            .update_expression("SET holder = :me, leaseUntil = :until")
            .condition_expression(condition)
            .expression_attribute_values(":me", text(me.0.to_string()))
            .expression_attribute_values(":until", number(now.plus_ms(LEASE_MS).ms()))
            .return_values(ReturnValue::AllNew)
    }

    /// Gives the lease back and records what blocks the drain from now on, if anything does.
    pub async fn release(&self, me: LeaseId, hold: Option<&Hold>) -> Result<(), StoreError> {
        let update = self
            .drain_update()
            .condition_expression("holder = :me")
            .expression_attribute_values(":me", text(me.0.to_string()));
        let update = match hold {
            None => update.update_expression(
                "REMOVE holder, leaseUntil, holdUntil, holdReason, holdsInARow, routineOnly",
            ),
            Some(hold) => update
                .update_expression(
                    "SET holdUntil = :until, holdReason = :reason, holdsInARow = :row, routineOnly = :routine \
                     REMOVE holder, leaseUntil",
                )
                .expression_attribute_values(":until", number(hold.until.ms()))
                .expression_attribute_values(":reason", text(hold.reason.to_string()))
                .expression_attribute_values(":row", number(hold.in_a_row))
                .expression_attribute_values(":routine", number(u8::from(hold.routine_only))),
        };
        conditional(update.send().await).map(|_| ())
    }
}

async fn lease(update: UpdateItemFluentBuilder, now: Timestamp) -> Result<Option<Lease>, StoreError> {
    match conditional(update.send().await)? {
        Conditional::Done(done) => {
            let item = done.attributes.unwrap_or_default();
            let horizon = find_number(&item, "order")?.unwrap_or(0);
            Ok(Some(Lease { until: now.plus_ms(LEASE_MS), horizon, hold: state(&item)?.hold }))
        }
        Conditional::Refused(_) => Ok(None),
    }
}

fn state(item: &Item) -> Result<DrainState, StoreError> {
    let moment = |name| find_number(item, name).map(|ms| ms.map(Timestamp::from_ms));
    let hold = match moment("holdUntil")? {
        None => None,
        Some(until) => Some(Hold {
            until,
            routine_only: find_number::<u8>(item, "routineOnly")?.unwrap_or(0) == 1,
            reason: HoldReason::parse(get_text(item, "holdReason")?),
            in_a_row: find_number(item, "holdsInARow")?.unwrap_or(0),
        }),
    };
    Ok(DrainState { leased_until: moment("leaseUntil")?, hold })
}
