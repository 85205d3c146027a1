//! AWS's clients, made in one place, what they say when they fail, and the secrets that they read.

mod clients;
mod on_demand;
mod secret;
mod transport;

pub use clients::{Aws, SecretsManager, Sts, describe};
pub use on_demand::OnDemand;
pub use secret::{NoSecret, Secret, fetch_secret};
pub use transport::transport;
