//! The embedded `DynamoDB` engine, served on 127.0.0.1.

mod direct;
mod engine;
mod error;
mod http;
mod table;

pub use direct::{Direct, DirectAnswer};
pub use engine::{Engine, Storage};
pub use error::EngineError;
