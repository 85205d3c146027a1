//! What the routes need of a request: its caller, its body, its idempotency key, and how long it wants to wait.

mod body;
mod caller;
mod idempotency_key;
mod prefer;

pub(super) use body::{BODY_MAX_BYTES, require_json, too_large};
pub(super) use caller::{by_address, by_bearer};
pub(super) use idempotency_key::idempotency_key;
pub(super) use prefer::patience;
