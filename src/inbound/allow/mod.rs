//! What a source may do.

mod allowed;
mod policy;

pub use allowed::Allowed;
pub use policy::{Denied, Policy};
