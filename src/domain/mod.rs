//! What the relay is about, without any outside world: no async, no clock, no AWS, no HTTP.
//!
//! Invariant: everything here is a pure function of its arguments; `now` is always one of them.

pub mod action;
pub mod budget;
pub mod drain;
pub mod machine;
pub mod outcome;
pub mod request;
pub mod secret_arn;
pub mod source;
pub mod tag;
pub mod tenant;
pub mod time;

pub use action::Action;
pub use drain::{CallError, CallResult, Refusal, Verdict};
pub use machine::MachineId;
pub use outcome::Outcome;
pub use request::{Order, Priority, RequestId, RequestRecord, TagRequest};
pub use secret_arn::SecretArn;
pub use source::SourceName;
pub use tag::Tag;
pub use tenant::TenantName;
pub use time::Timestamp;
