//! What operators set up, see and read: configuration, events, logs, metrics, alarms, tenants.

mod alarms;
mod audit;
mod configuration;
mod events;
mod lambda_runtime;
mod logging;
mod metrics;
mod side_by_side;
mod tenants;
