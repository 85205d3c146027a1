//! What a source's policy permits.
//!
//! Invariant: an `Allowed` is only made here, from a change and the policy of the source that asked for it.

use super::policy::{Denied, Policy};
use crate::domain::{Action, MachineId, Priority, SourceName, Tag};
use crate::inbound::read::Change;

/// Something a source's policy permits. The only thing the relay accepts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allowed {
    source: SourceName,
    tag: Tag,
    action: Action,
    priority: Priority,
    machines: Vec<MachineId>,
}

impl Allowed {
    /// Checks the tag and the action of a change against this policy.
    pub(in crate::inbound) fn by(
        policy: &Policy,
        source: &SourceName,
        priority: Priority,
        change: Change,
    ) -> Result<Self, Denied> {
        if !policy.allows_tag(&change.tag) {
            return Err(Denied::Tag(change.tag));
        }
        if !policy.allows_action(change.action) {
            return Err(Denied::Action(change.action));
        }
        Ok(Self {
            source: source.clone(),
            tag: change.tag,
            action: change.action,
            priority: priority.lowered_to(change.priority),
            machines: change.machines,
        })
    }

    /// The source that asked.
    pub const fn source(&self) -> &SourceName {
        &self.source
    }

    /// The class it goes by.
    pub const fn priority(&self) -> Priority {
        self.priority
    }

    /// The parts: source, tag, action, priority and machines.
    pub fn into_parts(self) -> (SourceName, Tag, Action, Priority, Vec<MachineId>) {
        (self.source, self.tag, self.action, self.priority, self.machines)
    }
}
