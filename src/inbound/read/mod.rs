//! Reading: what a verified body asks for.
//!
//! Invariant: what is read is whole and valid, or an error that says where it was looked for. A value is a
//! machine's id as a whole or not at all. The work grows no faster than the body.

mod body_format;
mod change;
mod contents;
mod json;
mod native;
mod unreadable;
mod webhook;

pub(super) use body_format::BodyFormat;
pub use change::Change;
pub use contents::{Contents, Ignored};
pub use native::read_native;
pub use unreadable::Unreadable;
pub use webhook::FoundAt;
