//! What the relay is about, without any outside world: no async, no clock, no AWS, no HTTP.
//!
//! Invariant: everything here is a pure function of its arguments; `now` is always one of them.

pub mod budget;
pub mod drain;
pub mod outcome;
pub mod request;
pub mod values;

pub use drain::{CallError, CallResult, Refusal, Verdict};
pub use outcome::Outcome;
pub use request::{Order, RequestId, RequestRecord, TagRequest};
pub use values::{Action, MachineId, Priority, SecretArn, SourceName, Tag, TenantName, Timestamp};
