//! AWS's clients, made in one place, and a description of their errors.

mod clients;
mod on_demand;
mod transport;

pub use clients::{Aws, SecretsManager, Sts, describe};
pub use on_demand::OnDemand;
pub use transport::transport;
