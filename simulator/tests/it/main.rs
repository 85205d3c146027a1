//! The simulator over real sockets: what it answers, what it remembers and how it breaks.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bench;
mod control;
mod dynamodb;
mod faults;
mod http;
mod limits;
mod refusals;
mod tagging;
mod tokens;
