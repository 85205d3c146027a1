//! Tag requests: what they may contain, how they are answered, repeated and ordered.

mod bad_input;
mod bulk;
mod idempotency;
mod openapi;
mod order;
mod retry;
mod waiting;
