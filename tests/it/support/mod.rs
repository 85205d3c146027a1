//! What the tests share: a world on 127.0.0.1, requests to send into it, answers to look at.

pub mod alarm;
mod ask;
mod dead;
mod function;
mod gate;
mod line;
mod meter;
pub mod openapi;
mod rude;
pub mod runbook;
pub mod schema;
pub mod template;
mod untrusted;
mod witness;
mod world;

pub use ask::{Answer, Ask, get, machine, machines, retry, unknown_machine};
pub use dead::dead_entry;
pub use function::Function;
pub use gate::Gate;
pub use line::{Cut, Lines};
pub use meter::Meter;
pub use rude::{Rude, Rudeness, Said};
pub use untrusted::Untrusted;
pub use world::{Addresses, World};
