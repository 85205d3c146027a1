//! How a source's bodies are read.

use super::contents::Contents;
use super::native::read_native;
use super::unreadable::Unreadable;
use super::webhook::{FoundAt, PathReader, parse_read};
use crate::config::{ConfigValue, Noted};
use crate::domain::Timestamp;

/// How a source's bodies are read.
#[derive(Debug)]
pub(in crate::inbound) enum BodyFormat {
    /// As native requests.
    Native,
    /// By paths, a preset's or the source's own.
    Webhook(Box<PathReader>),
}

impl BodyFormat {
    /// Reads a source's `read`.
    pub(in crate::inbound) fn parse(value: &ConfigValue<'_>) -> Result<Self, Noted> {
        Ok(parse_read(value)?.map_or(Self::Native, |reader| Self::Webhook(Box::new(reader))))
    }

    /// Reads a body that names at most `machines_at_most` machines.
    pub(in crate::inbound) fn read(
        &self,
        body: &[u8],
        machines_at_most: u32,
        now: Timestamp,
    ) -> Result<Contents, Unreadable> {
        match self {
            Self::Native => {
                let asked = vec![read_native(body, machines_at_most)?];
                Ok(Contents { asked, ignored: None, event_id: None, fresh_for_s: None })
            }
            Self::Webhook(reader) => reader.read(body, machines_at_most, now),
        }
    }

    /// Where the values of a body were found, if paths say where they are.
    pub(in crate::inbound) fn explain(&self, body: &[u8]) -> Result<Option<FoundAt>, Unreadable> {
        match self {
            Self::Native => Ok(None),
            Self::Webhook(reader) => reader.explain(body).map(Some),
        }
    }
}
