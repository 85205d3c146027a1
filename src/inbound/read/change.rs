//! What a request asks for.

use crate::domain::{Action, MachineId, Priority, Tag};

/// What a request asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The tag.
    pub tag: Tag,
    /// What is done with it.
    pub action: Action,
    /// On which machines, each once.
    pub machines: Vec<MachineId>,
    /// The class it asks for, if any.
    pub priority: Option<Priority>,
}
