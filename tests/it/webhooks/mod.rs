//! Webhooks: how they are configured, verified, read, refused and recognised when they come again.

mod configuration;
mod fuzz;
mod received;
mod refused;
mod replay;
mod secrets;
mod shown_configurations;
