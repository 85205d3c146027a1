//! `cargo local` as somebody at a terminal sees it: the real binary, its output and its exit status.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

mod own_sources;
mod play;
mod safety;
mod serving;
mod support;
