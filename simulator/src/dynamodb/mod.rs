//! The embedded `DynamoDB` engine, served on 127.0.0.1.

mod direct;
mod engine;
mod proxy;

pub use direct::{Direct, DirectAnswer};
pub use engine::{Engine, EngineError, Storage};
