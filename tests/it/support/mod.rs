//! What the tests share: a fixture on 127.0.0.1, requests to send to it, and answers to check.

pub mod alarm;
mod ask;
mod clients;
mod dead_entry;
mod faulty_proxy;
mod fixture;
mod function;
mod gate;
mod line;
mod long_tests;
mod meter;
pub mod openapi;
pub mod runbook;
pub mod schema;
pub mod template;
mod untrusted_server;
mod witness;

pub use ask::{Answer, Ask, get, machine, machines, retry, unknown_machine};
pub use dead_entry::dead_entry;
pub use faulty_proxy::{FaultyProxy, FixedAnswer, NetworkFault};
pub use fixture::{Addresses, Fixture};
pub use function::Function;
pub use gate::Gate;
pub use line::{Cut, Lines};
pub use long_tests::{long_or_short, property_config, sample, sample_steps};
pub use meter::Meter;
pub use untrusted_server::UntrustedServer;
