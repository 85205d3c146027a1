//! Reading variables, one by one. What is wrong is noted and reading goes on, so that one message can name it all.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::places::{CredentialRef, Place, SecretAt, TextAt};
use super::tenants::{Tenant, TenantsAt, Usual};
use super::{Fault, Variables};
use crate::domain::budget::Limits;
use crate::domain::{SecretArn, TenantName};

/// The ways of proving the app; exactly one is to be set.
const PROOFS: [&str; 5] = [
    "FEDERATED_AUDIENCE",
    "CLIENT_CERTIFICATE_ARN",
    "CLIENT_CERTIFICATE",
    "CLIENT_SECRET_ARN",
    "CLIENT_SECRET",
];

/// Where several tenants are told; at most one is to be set.
const TENANTS: [&str; 3] = ["TENANTS_ARN", "TENANTS_FILE", "TENANTS"];
/// Where the sources are told; exactly one is to be set.
pub(super) const SOURCES: [&str; 3] = ["SOURCES_ARN", "SOURCES_FILE", "SOURCES"];

pub(super) struct Reader<'a> {
    variables: &'a Variables,
    pub(super) faults: Vec<Fault>,
    /// The names that were asked for, there or not.
    pub(super) asked: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(variables: &'a Variables) -> Self {
        Self { variables, faults: Vec::new(), asked: BTreeSet::new() }
    }

    pub(super) fn get(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        let value = self.variables.get(name).filter(|value| !value.trim().is_empty()).cloned();
        let not_utf8 = value.as_ref().is_some_and(|value| value.contains(char::REPLACEMENT_CHARACTER));
        if not_utf8 && !self.faults.iter().any(|fault| fault.variable == name) {
            self.fault(name, "is not UTF-8");
        }
        value
    }

    pub(super) fn fault(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.faults.push(Fault { variable, problem: problem.into() });
    }

    pub(super) fn required(&mut self, name: &'static str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.fault(name, "is required");
            String::new()
        })
    }

    /// A tenant's or an app's id becomes part of an address: a GUID or a domain name, nothing else.
    pub(super) fn identifier(&mut self, name: &'static str) -> String {
        let value = self.required(name);
        if !value.is_empty() && TenantName::parse(&value).is_err() {
            self.fault(name, "must be a GUID or a domain name");
        }
        value
    }

    pub(super) fn number(&mut self, name: &'static str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let Some(text) = self.get(name) else { return default };
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.fault(name, format!("must be a whole number from {} to {}", range.start(), range.end()));
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
            self.fault(name, problem.clone());
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
            Some(("CLIENT_CERTIFICATE", text)) => CredentialRef::Certificate(SecretAt::Inline(text.into())),
            Some((name @ "CLIENT_SECRET_ARN", text)) => CredentialRef::Secret(self.by_arn(name, &text)),
            Some((_, text)) => CredentialRef::Secret(SecretAt::Inline(text.into())),
            None => CredentialRef::Secret(SecretAt::Inline(SecretString::default())),
        }
    }

    /// A secret in Secrets Manager.
    fn by_arn(&mut self, name: &'static str, text: &str) -> SecretAt {
        match SecretArn::parse(text) {
            Ok(arn) => SecretAt::SecretsManager(arn),
            Err(error) => {
                self.fault(name, error.to_string());
                SecretAt::Inline(SecretString::default())
            }
        }
    }

    /// The one place of a configuration that these variables name: an ARN, a file, or itself.
    pub(super) fn text(&mut self, names: [&'static str; 3]) -> Option<TextAt> {
        let (variable, text) = self.one_of(names)?;
        let place = match names.iter().position(|name| *name == variable) {
            Some(0) => match SecretArn::parse(&text) {
                Ok(arn) => Place::Secret(SecretAt::SecretsManager(arn)),
                Err(error) => {
                    self.fault(variable, error.to_string());
                    return None;
                }
            },
            Some(1) => Place::File(text),
            _ => Place::Secret(SecretAt::Inline(text.into())),
        };
        Some(TextAt { variable, place })
    }

    /// The tenants: one by its own variables, or several by a configuration.
    pub(super) fn tenants(&mut self, usual: Usual, limits: Limits) -> Option<TenantsAt> {
        let several = TENANTS.map(|name| self.get(name).is_some()).contains(&true);
        if several {
            for name in ["TENANT_ID", "CLIENT_ID"].into_iter().chain(PROOFS) {
                if self.get(name).is_some() {
                    self.fault(name, "is told by the tenants' configuration; leave it out");
                }
            }
            return Some(TenantsAt::Several { at: self.text(TENANTS)?, usual });
        }
        let (tenant_id, client_id) = (self.identifier("TENANT_ID"), self.identifier("CLIENT_ID"));
        let (proof, Usual { endpoints, .. }) = (self.proof(), usual);
        // A name that is none is noted as a fault already.
        let name = TenantName::parse(&tenant_id).ok()?;
        Some(TenantsAt::One(Box::new(Tenant { name, tenant_id, client_id, proof, endpoints, limits })))
    }
}
