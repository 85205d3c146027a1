//! A request to set or remove one tag on some machines, and its state.
//!
//! Invariant: a `TagRequest` names at least one machine and none twice; a `RequestRecord` has exactly one
//! outcome for each machine.

use std::collections::HashSet;
use std::fmt;

use uuid::Uuid;

use super::outcome::Outcome;
use super::values::{Action, MachineId, Priority, SourceName, Tag, Timestamp};

/// The namespace of ids derived from a source and its idempotency key. Any fixed value will do.
const KEYED: Uuid = Uuid::from_u128(0x6d64_652d_7461_672d_7265_6c61_792d_6b65);

/// Days a finished request can still be looked up, unless it is set otherwise.
pub const FINISHED_KEPT_DAYS: u32 = 7;

/// A request's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestId(Uuid);

/// The text is not a request's id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a request's id is a UUID")]
pub struct NotARequestId;

impl RequestId {
    /// A new id for a request without an idempotency key.
    pub fn fresh() -> Self {
        Self(Uuid::new_v4())
    }

    /// The id of every request that this source sends with this idempotency key.
    pub fn keyed(source: &SourceName, idempotency_key: &str) -> Self {
        Self(Uuid::new_v5(&KEYED, format!("{source}\n{idempotency_key}").as_bytes()))
    }

    /// Reads an id.
    pub fn parse(text: &str) -> Result<Self, NotARequestId> {
        Uuid::try_parse(text).map(Self).map_err(|_| NotARequestId)
    }

    /// The id's bytes.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A request's place in the order of all requests of a tenant: a later one has a greater number.
pub type Order = u64;

/// A request to set or remove one tag on some machines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TagRequest {
    /// The request's id.
    pub id: RequestId,
    /// The source that asked.
    pub source: SourceName,
    /// The tag.
    pub tag: Tag,
    /// What is done with it.
    pub action: Action,
    /// Its class.
    pub priority: Priority,
    /// When it came.
    pub received_at: Timestamp,
    /// On which machines, each once.
    pub machines: Vec<MachineId>,
    /// How many requests its delivery produced, itself counted.
    pub together: u8,
}

impl TagRequest {
    /// Whether both ask for the same change: the same tag, action and machines in any order, in deliveries of the same
    /// number of requests. The priority does not matter.
    pub fn asks_the_same_as(&self, other: &Self) -> bool {
        let machines = |r: &Self| r.machines.iter().copied().collect::<HashSet<_>>();
        (&self.tag, self.action, self.together) == (&other.tag, other.action, other.together)
            && machines(self) == machines(other)
    }
}

/// A request and what became of it so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestRecord {
    /// What was asked.
    pub request: TagRequest,
    /// The request's place in the backlog; none once it is done.
    pub queued: Option<Order>,
    /// When it took that place: when it was received, or last sent again.
    pub queued_at: Timestamp,
    /// One outcome for each machine, in the machines' order.
    pub outcomes: Vec<Outcome>,
    /// How often the outcomes were written.
    pub revision: u32,
}

impl RequestRecord {
    /// A request of which nothing is done yet.
    pub fn new(request: TagRequest, order: Order) -> Self {
        let outcomes = vec![Outcome::Pending; request.machines.len()];
        Self { queued_at: request.received_at, request, queued: Some(order), outcomes, revision: 0 }
    }

    /// The machines that may be tried again: those that ended expired, rejected or unconfirmed.
    pub fn failed(&self) -> Vec<MachineId> {
        let each = self.request.machines.iter().zip(&self.outcomes);
        each.filter(|(_, outcome)| outcome.has_failed()).map(|(machine, _)| *machine).collect()
    }

    /// The request at a new place in the order, its failed machines pending again and the others as they are.
    #[must_use]
    pub fn again(mut self, order: Order, now: Timestamp) -> Self {
        for outcome in self.outcomes.iter_mut().filter(|outcome| outcome.has_failed()) {
            *outcome = Outcome::Pending;
        }
        self.queued = Some(order);
        self.queued_at = now;
        self
    }

    /// Whether every machine has a final outcome.
    pub fn is_done(&self) -> bool {
        self.outcomes.iter().all(Outcome::is_final)
    }
}

/// The list without repetitions, in the order of first appearance.
pub fn each_once(machines: impl IntoIterator<Item = MachineId>) -> Vec<MachineId> {
    let mut seen = HashSet::new();
    machines.into_iter().filter(|machine| seen.insert(*machine)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_key_of_another_source_is_another_request() {
        let name = |n| SourceName::parse(n).unwrap();
        assert_eq!(RequestId::keyed(&name("a"), "k"), RequestId::keyed(&name("a"), "k"));
        assert_ne!(RequestId::keyed(&name("a"), "k"), RequestId::keyed(&name("b"), "k"));
    }

    #[test]
    fn a_machine_named_twice_is_kept_once_in_its_first_place() {
        let [a, b] = [1, 2].map(|n| MachineId::from_bytes([n; 20]));
        assert_eq!(each_once([b, a, b]), vec![b, a]);
    }
}
