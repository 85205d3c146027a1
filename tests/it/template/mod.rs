//! `template.yaml` against the code.

pub mod api;
mod code;
mod role;
