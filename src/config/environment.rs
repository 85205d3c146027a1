//! Reading variables of the environment, one by one. A fault is noted and reading goes on, so that one message can
//! name every fault.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::endpoints::{Endpoints, REGIONS, Region, defender_endpoint, login_endpoint};
use super::faults::{Faults, Noted};
use super::secret_ref::{CredentialRef, SecretRef, TENANTS, TextVariables};
use super::tenants::{Budget, Tenant, TenantsAt, Usual};
use crate::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge};
use crate::domain::{SecretArn, TenantName};

/// The ways of proving the app; exactly one is to be set.
const PROOFS: [&str; 5] = [
    "FEDERATED_AUDIENCE",
    "CLIENT_CERTIFICATE_ARN",
    "CLIENT_CERTIFICATE",
    "CLIENT_SECRET_ARN",
    "CLIENT_SECRET",
];

/// The variables of the environment by name.
pub type Variables = BTreeMap<String, String>;

/// The process's environment. Text that is not UTF-8 carries the replacement character, by which its reader knows it.
#[expect(clippy::disallowed_methods, reason = "this is the one place that reads the environment")]
pub fn from_environment() -> Variables {
    let lossy = |text: std::ffi::OsString| text.to_string_lossy().into_owned();
    std::env::vars_os().map(|(name, value)| (lossy(name), lossy(value))).collect()
}

/// A reader of variables, which notes their faults.
pub(super) struct Reader<'a> {
    variables: &'a Variables,
    pub(super) faults: Faults,
    /// The names that were asked for, there or not.
    pub(super) asked: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(variables: &'a Variables) -> Self {
        Self { variables, faults: Faults::default(), asked: BTreeSet::new() }
    }

    pub(super) fn get(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        let value = self.variables.get(name).filter(|value| !value.trim().is_empty()).cloned();
        let not_utf8 = value.as_ref().is_some_and(|value| value.contains(char::REPLACEMENT_CHARACTER));
        if not_utf8 && !self.faults.has(name) {
            self.faults.note(name, "is not UTF-8");
        }
        value
    }

    pub(super) fn required(&mut self, name: &'static str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.faults.note(name, "is required");
            String::new()
        })
    }

    /// A tenant's or an app's id becomes part of an address: a GUID or a domain name, nothing else.
    pub(super) fn identifier(&mut self, name: &'static str) -> String {
        let value = self.required(name);
        if !value.is_empty() && TenantName::parse(&value).is_err() {
            self.faults.note(name, "must be a GUID or a domain name");
        }
        value
    }

    pub(super) fn number(&mut self, name: &'static str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let Some(text) = self.get(name) else { return default };
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.faults
                    .note(name, format!("must be a whole number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    /// The one variable of these that is set.
    fn one_of<const N: usize>(&mut self, names: [&'static str; N]) -> Option<(&'static str, String)> {
        let set: Vec<_> = names.iter().filter_map(|&name| Some((name, self.get(name)?))).collect();
        if let [one] = set.as_slice() {
            return Some(one.clone());
        }
        let problem = format!("exactly one of {} must be set", names.join(", "));
        for name in names.into_iter().filter(|name| set.is_empty() || set.iter().any(|(n, _)| n == name)) {
            self.faults.note(name, problem.clone());
        }
        None
    }

    /// How the app proves who it is.
    pub(super) fn proof(&mut self) -> CredentialRef {
        match self.one_of(PROOFS) {
            Some(("FEDERATED_AUDIENCE", audience)) => CredentialRef::Federated { audience },
            Some((name @ "CLIENT_CERTIFICATE_ARN", text)) => {
                CredentialRef::Certificate(self.by_arn(name, &text))
            }
            Some(("CLIENT_CERTIFICATE", text)) => CredentialRef::Certificate(SecretRef::Inline(text.into())),
            Some((name @ "CLIENT_SECRET_ARN", text)) => CredentialRef::Secret(self.by_arn(name, &text)),
            Some((_, text)) => CredentialRef::Secret(SecretRef::Inline(text.into())),
            None => CredentialRef::Secret(SecretRef::Inline(SecretString::default())),
        }
    }

    /// A secret in Secrets Manager. A text that is no ARN is noted, and an empty secret stands for it.
    fn by_arn(&mut self, name: &'static str, text: &str) -> SecretRef {
        match SecretArn::parse(text) {
            Ok(arn) => SecretRef::SecretsManager(arn),
            Err(error) => {
                self.faults.note(name, error.to_string());
                SecretRef::Inline(SecretString::default())
            }
        }
    }

    /// The one text that these variables name.
    pub(super) fn text(&mut self, variables: TextVariables) -> Option<SecretRef> {
        let (variable, text) = self.one_of(variables.all())?;
        if variable == variables.file {
            return Some(SecretRef::File(text));
        }
        if variable == variables.inline {
            return Some(SecretRef::Inline(text.into()));
        }
        let arn = SecretArn::parse(&text).map_err(|error| self.faults.note(variable, error.to_string()));
        arn.ok().map(SecretRef::SecretsManager)
    }

    /// The tenants: one by its own variables, or several by a configuration.
    pub(super) fn tenants(&mut self, usual: Usual, limits: Limits) -> Option<TenantsAt> {
        let are_several = TENANTS.all().map(|name| self.get(name).is_some()).contains(&true);
        if are_several {
            for name in ["TENANT_ID", "CLIENT_ID"].into_iter().chain(PROOFS) {
                if self.get(name).is_some() {
                    self.faults.note(name, "is told by the tenants' configuration; leave it out");
                }
            }
            return Some(TenantsAt::Several { at: self.text(TENANTS)?, usual });
        }
        let tenant_id = self.identifier("TENANT_ID");
        let client_id = self.identifier("CLIENT_ID");
        let proof = self.proof();
        let endpoints = usual.endpoints;
        // A text that is not a name is noted as a fault already.
        let name = TenantName::parse(&tenant_id).ok()?;
        Some(TenantsAt::One(Box::new(Tenant { name, tenant_id, client_id, proof, endpoints, limits })))
    }

    /// The budget, and its limits.
    pub(super) fn budget(&mut self) -> (Budget, Limits) {
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
            self.faults.note(variable, error.to_string());
            Limits::default()
        });
        (budget, limits)
    }

    /// Where Defender and Entra are.
    pub(super) fn endpoints(&mut self) -> Endpoints {
        let name = self.get("DEFENDER_REGION").unwrap_or_else(|| "global".into());
        let region = Region::parse(name.trim()).unwrap_or_else(|| {
            let names = REGIONS.map(|region| region.name).join(", ");
            self.faults.note("DEFENDER_REGION", format!("must be one of {names}"));
            REGIONS[0]
        });
        let mut endpoints = Endpoints::of(region);
        if let Some(Ok(address)) = self.address("DEFENDER_ENDPOINT", defender_endpoint) {
            endpoints.defender = address;
        }
        if let Some(Ok(address)) = self.address("LOGIN_ENDPOINT", login_endpoint) {
            endpoints.login = address;
        }
        endpoints
    }

    fn address<E: Display>(
        &mut self,
        name: &'static str,
        parse: impl FnOnce(&str) -> Result<String, E>,
    ) -> Option<Result<String, Noted>> {
        let text = self.get(name)?;
        Some(parse(&text).map_err(|error| self.faults.note(name, error.to_string())))
    }

    /// What is logged.
    pub(super) fn log_level(&mut self) -> tracing::Level {
        let name = self.get("LOG_LEVEL").unwrap_or_else(|| "info".into());
        name.trim().parse().unwrap_or_else(|_| {
            self.faults.note("LOG_LEVEL", "must be one of error, warn, info, debug, trace");
            tracing::Level::INFO
        })
    }
}
