//! The settings, from the environment's variables.

use std::collections::BTreeSet;

use super::environment::{Reader, Variables};
use super::faults::ConfigError;
use super::secret_ref::{SOURCES, SecretRef};
use super::tenants::{TenantsAt, Usual};
use crate::domain::request::FINISHED_KEPT_DAYS;

/// Machines a call may carry.
/// Source: Microsoft, "Add or remove a tag for multiple machines": 500 machines a call.
const MACHINES_PER_CALL: u32 = 500;
/// Machines a request may name: packed, they must fit an item of 400 KB.
const MACHINES_PER_REQUEST: u32 = 10_000;
/// Milliseconds a native request waits for its outcome. Source: PagerDuty, "Webhooks": it waits five seconds.
const RESPOND_WITHIN_MS: u32 = 4_000;
/// Greatest wait: an HTTP API gives up after 30 seconds.
pub const RESPOND_WITHIN_MS_MAX: u32 = 25_000;
/// Hours after which a request that could not be done is given up.
const REQUEST_EXPIRES_HOURS: u32 = 24;
/// Longest time to give up after: a week, so that finished requests can still be looked up.
const REQUEST_EXPIRES_HOURS_MAX: u32 = 168;

/// Longest time a finished request can be looked up.
const FINISHED_KEPT_DAYS_MAX: u32 = 365;

/// Everything that can be set.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The DynamoDB table.
    pub table_name: String,
    /// Whose machines are tagged.
    pub tenants: TenantsAt,
    /// Who may call.
    pub sources: SecretRef,
    /// Machines a call may carry.
    pub machines_per_call: u32,
    /// Machines a request may name.
    pub machines_per_request: u32,
    /// Milliseconds a native request waits for its outcome.
    pub respond_within_ms: u32,
    /// Hours after which a request that could not be done is given up.
    pub request_expires_hours: u32,
    /// Days a finished request can still be looked up.
    pub finished_kept_days: u32,
    /// What is logged.
    pub log_level: tracing::Level,
    /// The function's name: the dimension of the metrics.
    pub function_name: String,
}

/// Where the configurations of the tenants and the sources are, as far as that is known.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Whose machines are tagged.
    pub tenants: Option<TenantsAt>,
    /// Who may call.
    pub sources: Option<SecretRef>,
}

impl Texts {
    /// Reads where they are, whatever is wrong with other variables.
    pub fn of(variables: &Variables) -> Self {
        Self::read(&mut Reader::new(variables))
    }

    fn read(reader: &mut Reader<'_>) -> Self {
        let endpoints = reader.endpoints();
        let (budget, limits) = reader.budget();
        Self { tenants: reader.tenants(Usual { endpoints, budget }, limits), sources: reader.text(SOURCES) }
    }
}

impl Settings {
    /// Reads the settings. An empty variable counts as one that is not there.
    pub fn parse(variables: &Variables) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(variables);
        let settings = Self::read(&mut reader);
        reader.faults.unless(settings)
    }

    /// The names of all variables that are looked at.
    pub fn variables() -> BTreeSet<&'static str> {
        let none = Variables::default();
        let mut reader = Reader::new(&none);
        Self::read(&mut reader);
        reader.asked
    }

    /// Reads every variable, so that each fault is noted. Returns nothing if the tenants or the sources are missing.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let table_name = reader.required("TABLE_NAME");
        let Texts { tenants, sources } = Texts::read(reader);
        let mut number = |name, usual, range| reader.number(name, usual, range);
        let machines_per_call = number("MACHINES_PER_CALL", MACHINES_PER_CALL, 1..=MACHINES_PER_CALL);
        let machines_per_request =
            number("MACHINES_PER_REQUEST", MACHINES_PER_REQUEST, 1..=MACHINES_PER_REQUEST);
        let respond_within_ms = number("RESPOND_WITHIN_MS", RESPOND_WITHIN_MS, 0..=RESPOND_WITHIN_MS_MAX);
        let request_expires_hours =
            number("REQUEST_EXPIRES_HOURS", REQUEST_EXPIRES_HOURS, 1..=REQUEST_EXPIRES_HOURS_MAX);
        let finished_kept_days = number("FINISHED_KEPT_DAYS", FINISHED_KEPT_DAYS, 1..=FINISHED_KEPT_DAYS_MAX);
        let log_level = reader.log_level();
        let function_name = reader.get("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_else(|| "local".into());
        Some(Self {
            table_name,
            tenants: tenants?,
            sources: sources?,
            machines_per_call,
            machines_per_request,
            respond_within_ms,
            request_expires_hours,
            finished_kept_days,
            log_level,
            function_name,
        })
    }
}

#[cfg(test)]
mod tests;
