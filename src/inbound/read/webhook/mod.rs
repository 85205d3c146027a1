//! Reading a sender's own body by paths: which machines, which tag, what to do, and whether it was here before.

mod config;
mod event;
mod found_at;
mod machines;
mod path;
mod path_reader;
mod presets;
mod state;
#[cfg(test)]
mod tests;
mod value;

pub(super) use config::parse_read;
pub use found_at::FoundAt;
pub(super) use path_reader::PathReader;
