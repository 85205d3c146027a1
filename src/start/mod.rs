//! The start: from settings to an app that can serve.

mod app;
mod texts;

pub use app::{StartError, app, every_fault};
