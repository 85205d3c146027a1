//! Where the values of a body were found, for somebody who tries a configuration.

use std::collections::BTreeSet;

/// Where the values of a body were found: the configured paths that found something, each once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundAt {
    /// Items that were read.
    pub items: usize,
    /// Where machine ids are.
    pub machines: BTreeSet<String>,
    /// Where the tag is. Empty if the configuration says it.
    pub tag: BTreeSet<String>,
    /// Where the action is. Empty if the configuration says it, or the alert's state.
    pub action: BTreeSet<String>,
    /// Where the alert's state is. Empty if it has none.
    pub state: BTreeSet<String>,
    /// Where the event's id is. Empty if the configuration names no place for it, or not every place has something.
    pub event_id: BTreeSet<String>,
    /// Whether the configuration names places for the event's id, and one of them has nothing.
    pub lacks_event_id: bool,
}
