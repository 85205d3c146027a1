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

mod alarms;
mod bad_input;
mod batching;
mod budget;
mod bulk;
mod clocks;
mod configuration;
mod contention;
mod crashes;
mod defender_answers;
mod entra_answers;
mod events;
mod faults;
mod gathering;
mod hooks;
mod hooks_configuration;
mod hooks_fuzz;
mod hooks_refused;
mod hooks_replay;
mod hooks_secrets;
mod idempotency;
mod lambda_runtime;
mod logging;
mod metrics;
mod openapi;
mod order;
mod permissions;
mod permit_faults;
mod permits;
mod proofs;
mod races;
mod recovery;
mod retry;
mod side_by_side;
mod silence;
mod store_faults;
mod template;
mod template_api;
mod template_role;
mod tenants;
mod trail;
mod units;
mod waiting;
