//! The settings, from the environment's variables.

use std::collections::BTreeSet;

use super::endpoint::{REGIONS, defender_endpoint, login_endpoint};
use super::places::TextAt;
use super::reader::{Reader, SOURCES};
use super::tenants::{TenantsAt, Usual};
use super::{Budget, ConfigError, Endpoints, Region, Variables};
use crate::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge};
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
    pub sources: TextAt,
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

/// Where the tenants and the sources are told, as far as that is known.
#[derive(Clone, Debug)]
pub struct Texts {
    /// Whose machines are tagged.
    pub tenants: Option<TenantsAt>,
    /// Who may call.
    pub sources: Option<TextAt>,
}

impl Texts {
    /// What is known of them, whatever is wrong with other variables.
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
        settings.filter(|_| reader.faults.is_empty()).ok_or(ConfigError(reader.faults))
    }

    /// The names of all variables that are looked at.
    pub fn variables() -> BTreeSet<&'static str> {
        let none = Variables::default();
        let mut reader = Reader::new(&none);
        Self::read(&mut reader);
        reader.asked
    }

    /// Reads every variable, so that each fault is noted. None if the tenants or the sources are nowhere.
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

impl Reader<'_> {
    /// The budget, and the limits it comes to.
    fn budget(&mut self) -> (Budget, Limits) {
        let calls = Quota {
            per_minute: self.number("CALLS_PER_MINUTE", CALLS_PER_MINUTE, 1..=CALLS_PER_MINUTE),
            per_hour: self.number("CALLS_PER_HOUR", CALLS_PER_HOUR, 1..=CALLS_PER_HOUR),
        };
        let mut reserve = |name, most| self.get(name).map(|_| self.number(name, 0, 0..=most));
        let reserve_per_minute = reserve("RESERVE_PER_MINUTE", CALLS_PER_MINUTE);
        let reserve_per_hour = reserve("RESERVE_PER_HOUR", CALLS_PER_HOUR);
        let budget = Budget { calls, reserve_per_minute, reserve_per_hour };
        let limits = budget.limits().unwrap_or_else(|error| {
            let variable = match error {
                ReserveTooLarge::Minute(_) => "RESERVE_PER_MINUTE",
                ReserveTooLarge::Hour(_) => "RESERVE_PER_HOUR",
            };
            self.fault(variable, error.to_string());
            Limits::default()
        });
        (budget, limits)
    }

    fn endpoints(&mut self) -> Endpoints {
        let name = self.get("DEFENDER_REGION").unwrap_or_else(|| "global".into());
        let region = Region::parse(name.trim()).unwrap_or_else(|| {
            let names = REGIONS.map(|region| region.name).join(", ");
            self.fault("DEFENDER_REGION", format!("must be one of {names}"));
            REGIONS[0]
        });
        let mut endpoints = Endpoints::of(region);
        if let Some(text) = self.get("DEFENDER_ENDPOINT") {
            match defender_endpoint(&text) {
                Ok(address) => endpoints.defender = address,
                Err(problem) => self.fault("DEFENDER_ENDPOINT", problem),
            }
        }
        if let Some(text) = self.get("LOGIN_ENDPOINT") {
            match login_endpoint(&text) {
                Ok(address) => endpoints.login = address,
                Err(problem) => self.fault("LOGIN_ENDPOINT", problem),
            }
        }
        endpoints
    }

    fn log_level(&mut self) -> tracing::Level {
        let name = self.get("LOG_LEVEL").unwrap_or_else(|| "info".into());
        name.trim().parse().unwrap_or_else(|_| {
            self.fault("LOG_LEVEL", "must be one of error, warn, info, debug, trace");
            tracing::Level::INFO
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Tenant;
    use crate::domain::Priority;

    fn variables(pairs: &[(&str, &str)]) -> Variables {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn only(settings: Settings) -> Tenant {
        let TenantsAt::One(tenant) = settings.tenants else { panic!("there is one tenant") };
        *tenant
    }

    const SMALLEST: [(&str, &str); 5] = [
        ("TABLE_NAME", "relay"),
        ("TENANT_ID", "contoso.example"),
        ("CLIENT_ID", "app"),
        ("CLIENT_SECRET", "a word"),
        ("SOURCES", "{}"),
    ];

    #[test]
    fn the_smallest_configuration_has_the_documented_limits() {
        let settings = Settings::parse(&variables(&SMALLEST)).unwrap();
        assert_eq!((settings.machines_per_call, settings.respond_within_ms), (500, 4000));
        let tenant = only(settings);
        assert_eq!(tenant.limits, Limits::default());
        assert_eq!(tenant.endpoints.defender, "https://api.security.microsoft.com");
    }

    #[test]
    fn one_message_names_every_variable_at_fault() {
        let error = Settings::parse(&variables(&[
            ("TENANT_ID", "a/b"),
            ("CLIENT_SECRET", "x"),
            ("CLIENT_SECRET_ARN", "y"),
            ("DEFENDER_REGION", "mars"),
            ("DEFENDER_ENDPOINT", "https://example.org"),
            ("CALLS_PER_MINUTE", "101"),
            ("RESERVE_PER_HOUR", "1500"),
            ("LOG_LEVEL", "loud"),
        ]))
        .unwrap_err();
        insta::assert_snapshot!(error);
    }

    #[test]
    fn a_message_about_a_secret_does_not_tell_it() {
        let error = Settings::parse(&variables(&[("CLIENT_SECRET", "hush"), ("CLIENT_SECRET_ARN", "hush")]));
        assert!(!error.unwrap_err().to_string().contains("hush"));
    }

    #[test]
    fn a_secret_in_the_place_of_an_arn_is_refused_and_not_told() {
        let beside = |name: &str| match name {
            "SOURCES_ARN" => "SOURCES",
            _ => "CLIENT_SECRET",
        };
        for name in ["CLIENT_SECRET_ARN", "CLIENT_CERTIFICATE_ARN", "SOURCES_ARN", "TENANTS_ARN"] {
            let mut variables = variables(&SMALLEST);
            variables.remove(beside(name));
            if name == "TENANTS_ARN" {
                variables.retain(|name, _| ["TABLE_NAME", "SOURCES"].contains(&name.as_str()));
            }
            variables.insert(name.into(), "hush".into());
            let error = Settings::parse(&variables).unwrap_err().to_string();
            assert!(
                error.contains(&format!("{name}: must be the full ARN")) && !error.contains("hush"),
                "{error}"
            );
            let arn = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:relay-AbCdEf";
            variables.insert(name.into(), arn.into());
            assert!(Settings::parse(&variables).is_ok(), "{name}");
        }
    }

    #[test]
    fn a_variable_that_is_not_utf_8_is_a_fault_where_it_is_used() {
        let mut pairs = SMALLEST.to_vec();
        pairs.push(("LC_SOMETHING", "\u{fffd}"));
        assert!(Settings::parse(&variables(&pairs)).is_ok());
        pairs.push(("CLIENT_SECRET", "a\u{fffd}word"));
        let error = Settings::parse(&variables(&pairs)).unwrap_err().to_string();
        assert_eq!(error, "the configuration cannot work:\n  CLIENT_SECRET: is not UTF-8");
    }

    /// Source: Microsoft, "Supported Microsoft Defender for Endpoint APIs" and "National clouds".
    #[test]
    fn each_region_has_its_host_its_sign_in_and_its_scope() {
        const COMMERCIAL: &str = "api.securitycenter.microsoft.com";
        let expected = [
            ("global", "api.security.microsoft.com", "com", COMMERCIAL),
            ("us", "us.api.security.microsoft.com", "com", COMMERCIAL),
            ("eu", "eu.api.security.microsoft.com", "com", COMMERCIAL),
            ("uk", "uk.api.security.microsoft.com", "com", COMMERCIAL),
            ("au", "au.api.security.microsoft.com", "com", COMMERCIAL),
            ("swa", "swa.api.security.microsoft.com", "com", COMMERCIAL),
            ("ina", "ina.api.security.microsoft.com", "com", COMMERCIAL),
            ("aea", "aea.api.security.microsoft.com", "com", COMMERCIAL),
            ("gcc", "api-gcc.securitycenter.microsoft.us", "com", "api-gcc.securitycenter.microsoft.us"),
            ("gcc-high", "api-gov.securitycenter.microsoft.us", "us", "api-gov.securitycenter.microsoft.us"),
            ("dod", "api-gov.securitycenter.microsoft.us", "us", "api-gov.securitycenter.microsoft.us"),
        ];
        assert_eq!(expected.map(|(name, ..)| name), REGIONS.map(|region| region.name));
        for (region, host, domain, scope) in expected {
            let mut pairs = SMALLEST.to_vec();
            pairs.push(("DEFENDER_REGION", region));
            let endpoints = only(Settings::parse(&variables(&pairs)).unwrap()).endpoints;
            assert_eq!(endpoints.defender, format!("https://{host}"), "{region}");
            assert_eq!(endpoints.login, format!("https://login.microsoftonline.{domain}"), "{region}");
            assert_eq!(endpoints.scope, format!("https://{scope}/.default"), "{region}");
        }
    }

    #[test]
    fn the_reserve_follows_lower_limits_unless_it_is_set() {
        let limits = |pairs: &[(&str, &str)]| {
            let mut variables = variables(&SMALLEST);
            variables.extend(self::variables(pairs));
            Settings::parse(&variables).map(|settings| only(settings).limits.of(Priority::Routine))
        };
        let quota = |per_minute, per_hour| Quota { per_minute, per_hour };
        assert_eq!(limits(&[]).unwrap(), quota(85, 1440));
        assert_eq!(limits(&[("CALLS_PER_MINUTE", "20"), ("CALLS_PER_HOUR", "100")]).unwrap(), quota(17, 96));
        assert_eq!(
            limits(&[("RESERVE_PER_MINUTE", "0"), ("RESERVE_PER_HOUR", "1499")]).unwrap(),
            quota(100, 1)
        );
        let error = limits(&[("CALLS_PER_MINUTE", "5"), ("RESERVE_PER_MINUTE", "5")]).unwrap_err();
        assert!(error.to_string().contains("RESERVE_PER_MINUTE"), "{error}");
    }

    #[test]
    fn an_empty_variable_counts_as_not_there() {
        let mut pairs = SMALLEST.to_vec();
        pairs.extend([("CLIENT_SECRET_ARN", ""), ("DEFENDER_ENDPOINT", " "), ("CALLS_PER_HOUR", "")]);
        assert!(Settings::parse(&variables(&pairs)).is_ok());
    }
}
