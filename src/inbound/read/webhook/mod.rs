//! Reading a sender's own body by paths: which machines, which tag, what to do, and whether it was here before.

mod config;
mod event;
mod machines;
mod path;
mod path_reader;
mod presets;
mod state;
#[cfg(test)]
mod tests;
mod value;

pub(super) use config::parse_read;
pub(super) use path_reader::PathReader;
