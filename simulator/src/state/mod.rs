//! What the simulator remembers: the registered app, its credentials, the tokens, the calls and the tagged machines.

pub(crate) mod credentials;
pub(crate) mod machines;
mod memory;
mod site;
mod tokens;
mod window;

pub(crate) use memory::State;
pub(crate) use site::{RegisteredApp, SharedSite, Site};
pub(crate) use tokens::Issued;
