//! Whether the environment has real credentials.

use defender_tag_relay::config::{Variables, from_environment as variables};

/// The variables that make a run a real one.
const REAL: [&str; 2] = ["TENANT_ID", "CLIENT_ID"];
/// The ways of proving the app that need nothing of AWS; one of them.
const PROOFS: [&str; 2] = ["CLIENT_SECRET", "CLIENT_CERTIFICATE"];

/// The environment, if it has real credentials.
pub(crate) fn from_environment() -> Option<Variables> {
    let variables = variables();
    let has = |name: &&str| variables.get(*name).is_some_and(|value| !value.is_empty());
    (REAL.iter().all(has) && PROOFS.iter().any(has)).then_some(variables)
}
