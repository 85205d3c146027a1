//! Everything the simulator remembers, behind one lock that is never held across a wait.

pub(crate) mod credentials;
mod machines;
mod memory;
mod site;
mod tokens;
mod window;

pub(crate) use memory::State;
pub(crate) use site::{RegisteredApp, SharedSite, Site};
pub(crate) use tokens::Issued;
