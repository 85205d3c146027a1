//! The contents of a body: the changes it asks for, and the sender's own id of its event.

use sha2::{Digest, Sha256};

use super::change::Change;

/// Requests that one delivery may produce: pairs of tag and action.
pub(super) const REQUESTS_PER_DELIVERY: usize = 10;

/// The contents of a body.
#[derive(Debug)]
pub struct Contents {
    /// The changes, in the order in which they are to be accepted: at most `REQUESTS_PER_DELIVERY`.
    pub asked: Vec<Change>,
    /// Why the body asks for nothing, if it does.
    pub ignored: Option<Ignored>,
    /// The sender's own id of the event, if the body has one.
    pub(in crate::inbound) event_id: Option<EventId>,
    /// Seconds for which the event's own time allows it to be read. None if it has no time.
    pub(in crate::inbound) fresh_for_s: Option<i64>,
}

/// Why an event asks for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ignored {
    /// The alert is over, and the source does not ask for that to remove the tag.
    #[error("the alert is resolved; this source sets tags only (`on_resolved` is `ignore`)")]
    Resolved,
    /// The event is of a kind that asks for nothing.
    #[error("an event of this kind asks for nothing")]
    OtherState,
    /// The event was accepted so long ago that its outcome may be gone.
    #[error("this event was taken before")]
    TakenBefore,
}

/// The sender's own id of an event: a digest of the values that distinguish it from others.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::inbound) struct EventId(String);

impl EventId {
    /// The id of the event that has these values at the places of its id.
    pub(super) fn of(values: &[Vec<String>]) -> Option<Self> {
        let text = serde_json::to_vec(values).ok().filter(|_| !values.is_empty())?;
        Some(Self(hex::encode(Sha256::digest(text))))
    }

    /// The id's text.
    pub(in crate::inbound) fn as_str(&self) -> &str {
        &self.0
    }
}
