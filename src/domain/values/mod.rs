//! Single values, each valid by construction.
//!
//! Invariant: outside text becomes a value only through its `parse`.

mod action;
mod machine;
mod priority;
mod secret_arn;
mod source;
mod tag;
mod tenant;
mod time;

pub use action::{Action, NotAnAction};
pub use machine::{MACHINE_ID_BYTES, MachineId, NotAMachineId};
pub use priority::Priority;
pub use secret_arn::{NotASecretArn, SecretArn};
pub use source::{NotASourceName, SOURCE_NAME_MAX_CHARS, SourceName};
pub use tag::{NotATag, TAG_MAX_CHARS, Tag};
pub use tenant::{NotATenantName, TenantName};
pub use time::Timestamp;
