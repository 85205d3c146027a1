//! Reading a sender's own body: which machines, which tag, what to do, and whether it was here before.
//!
//! Invariant: what is read is whole and valid, or an error that says where it was looked for. A value is a
//! machine's id as a whole or not at all. The work grows no faster than the body.

mod event;
mod extract;
mod machines;
mod parse;
mod presets;
#[cfg(test)]
mod tests;
mod value;

use serde_json::Value;

use super::native::{Change, Unreadable, at_byte, of_body, read_native};
use super::verify::Verified;
use crate::domain::Timestamp;

pub(super) use event::EventId;
pub(super) use extract::Extract;
pub(super) use parse::{WireRead, reading};

/// Requests that one delivery may come to: pairs of tag and action.
const REQUESTS_PER_DELIVERY: usize = 10;

/// How a source's bodies are read.
#[derive(Debug)]
pub(super) enum Reading {
    /// As native requests.
    Native,
    /// By paths, a preset's or the source's own.
    Extract(Box<Extract>),
}

/// What a body says.
#[derive(Debug)]
pub struct Contents {
    /// What it asks for, in the order it is to be accepted in: at most [`REQUESTS_PER_DELIVERY`].
    pub asked: Vec<Change>,
    /// Why nothing is asked for, where nothing is.
    pub ignored: Option<Ignored>,
    /// The sender's own id of the event, if the body has one.
    pub(super) event_id: Option<EventId>,
    /// Seconds within which the event's own time lets it be read. None: it has no time.
    pub(super) fresh_for_s: Option<i64>,
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
    /// The event was taken too long ago for its outcome to be still there.
    #[error("this event was taken before")]
    TakenBefore,
}

/// Reads what a source has sent.
pub fn read(verified: &Verified, machines_at_most: u32, now: Timestamp) -> Result<Contents, Unreadable> {
    match &verified.source().reading {
        Reading::Native => {
            let asked = vec![read_native(verified.body(), machines_at_most)?];
            Ok(Contents { asked, ignored: None, event_id: None, fresh_for_s: None })
        }
        Reading::Extract(extract) => extract.read(verified.body(), machines_at_most, now),
    }
}

/// The JSON of a body.
fn json(body: &[u8]) -> Result<Value, Unreadable> {
    of_body(body, |text| serde_json::from_str(text).map_err(|error| at_byte(text, &error)))
}
