//! The relay from outside: real handler, embedded DynamoDB through the real SDK, real HTTP to the simulator.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]
#![allow(unreachable_pub, reason = "nothing here is reached from elsewhere")]
#![allow(missing_docs, reason = "a test's name is its documentation")]

mod support;

mod budget;
mod faults;
mod operations;
mod requests;
mod sending;
mod template;
mod webhooks;
