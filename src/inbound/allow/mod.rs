//! What a source may do.

mod allowed;
mod policy;

pub use allowed::Allowed;
pub(super) use policy::WirePolicy;
pub use policy::{Denied, Policy};
