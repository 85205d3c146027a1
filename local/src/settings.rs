//! Whether the environment has real credentials.

use defender_tag_relay::config::{Variables, from_environment as variables};

/// The variables that make a run a real one.
const REAL: [&str; 3] = ["TENANT_ID", "CLIENT_ID", "CLIENT_SECRET"];

/// The environment, if it has real credentials.
pub(crate) fn from_environment() -> Option<Variables> {
    let variables = variables();
    REAL.iter().all(|name| variables.get(*name).is_some_and(|value| !value.is_empty())).then_some(variables)
}
