//! The tenants: whose machines are tagged, and how the app proves itself there.
//!
//! Invariant: fail closed. Every fault is named, each with its tenant; a configuration with a fault makes no tenants
//! at all. No two tenants share a directory, for budget and backlog are the directory's.

use std::collections::HashSet;

use secrecy::SecretString;
use serde::Deserialize;

use super::endpoint::{defender_endpoint, login_endpoint};
use super::places::{ProofAt, SecretAt, TextAt};
use super::{Endpoints, Region};
use crate::domain::TenantName;
use crate::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, usual_reserve};

/// Tenants one relay serves. Each is drained in every minute's one invocation.
const TENANTS_MAX: usize = 50;

/// One tenant.
#[derive(Clone, Debug)]
pub struct Tenant {
    /// What sources call it, and log lines.
    pub name: TenantName,
    /// The Entra tenant.
    pub tenant_id: String,
    /// The Entra app.
    pub client_id: String,
    /// How the app proves who it is.
    pub proof: ProofAt,
    /// Where Defender and Entra are.
    pub endpoints: Endpoints,
    /// The budget.
    pub limits: Limits,
}

/// Where the tenants are told.
#[derive(Clone, Debug)]
pub enum TenantsAt {
    /// There is one, and these variables tell it.
    One(Box<Tenant>),
    /// In a configuration of their own.
    Several {
        /// Where that is.
        at: TextAt,
        /// What holds for a tenant that does not say otherwise.
        usual: Usual,
    },
}

/// What holds for a tenant that does not say otherwise.
#[derive(Clone, Debug)]
pub struct Usual {
    /// Where Defender and Entra are.
    pub endpoints: Endpoints,
    /// The budget.
    pub limits: Limits,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTenants {
    #[serde(rename = "$schema")]
    _schema: Option<String>,
    tenants: Vec<WireTenant>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireTenant {
    name: String,
    tenant_id: String,
    client_id: String,
    proof: WireProof,
    region: Option<String>,
    defender_endpoint: Option<String>,
    login_endpoint: Option<String>,
    calls_per_minute: Option<u32>,
    calls_per_hour: Option<u32>,
}

/// Exactly one way.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum WireProof {
    FederatedAudience(String),
    CertificateArn(String),
    Certificate(SecretString),
    SecretArn(String),
    Secret(SecretString),
}

/// Reads the tenants' configuration, or names each of its faults, none with a value in it.
pub fn parse(json: &str, usual: &Usual) -> Result<Vec<Tenant>, Vec<String>> {
    let wire: WireTenants = serde_json::from_str(json).map_err(|error| vec![shape(&error)])?;
    if !(1..=TENANTS_MAX).contains(&wire.tenants.len()) {
        return Err(vec![format!("must have 1 to {TENANTS_MAX} tenants")]);
    }
    let (mut seen, mut faults, mut tenants) = (HashSet::new(), Vec::new(), Vec::new());
    for (at, wire) in wire.tenants.into_iter().enumerate() {
        let called = TenantName::parse(&wire.name)
            .map_or_else(|_| format!("tenant {}", at + 1), |name| format!("tenant `{name}`"));
        for (what, text) in [("name", &wire.name), ("tenant_id", &wire.tenant_id)] {
            if !seen.insert((what, text.to_ascii_lowercase())) {
                faults.push(format!("{called}: its {what} is used twice"));
            }
        }
        match tenant(wire, usual) {
            Ok(tenant) => tenants.push(tenant),
            Err(problem) => faults.push(format!("{called}: {problem}")),
        }
    }
    if faults.is_empty() { Ok(tenants) } else { Err(faults) }
}

fn tenant(wire: WireTenant, usual: &Usual) -> Result<Tenant, String> {
    let name = TenantName::parse(&wire.name).map_err(|error| error.to_string())?;
    for (field, id) in [("tenant_id", &wire.tenant_id), ("client_id", &wire.client_id)] {
        // Like a name, an id becomes part of an address and of a key.
        TenantName::parse(id).map_err(|_| format!("{field} must be a GUID or a domain name"))?;
    }
    Ok(Tenant {
        name,
        endpoints: endpoints(&wire, usual)?,
        limits: limits(&wire, usual)?,
        proof: proof(wire.proof),
        tenant_id: wire.tenant_id,
        client_id: wire.client_id,
    })
}

fn endpoints(wire: &WireTenant, usual: &Usual) -> Result<Endpoints, String> {
    let mut endpoints = match &wire.region {
        None => usual.endpoints.clone(),
        Some(name) => Endpoints::of(Region::parse(name).ok_or("region is none that there is")?),
    };
    if let Some(text) = &wire.defender_endpoint {
        endpoints.defender =
            defender_endpoint(text).map_err(|problem| format!("defender_endpoint {problem}"))?;
    }
    if let Some(text) = &wire.login_endpoint {
        endpoints.login = login_endpoint(text).map_err(|problem| format!("login_endpoint {problem}"))?;
    }
    Ok(endpoints)
}

fn limits(wire: &WireTenant, usual: &Usual) -> Result<Limits, String> {
    if wire.calls_per_minute.is_none() && wire.calls_per_hour.is_none() {
        return Ok(usual.limits);
    }
    let quota = Quota {
        per_minute: wire.calls_per_minute.unwrap_or(CALLS_PER_MINUTE),
        per_hour: wire.calls_per_hour.unwrap_or(CALLS_PER_HOUR),
    };
    let whole =
        (1..=CALLS_PER_MINUTE).contains(&quota.per_minute) && (1..=CALLS_PER_HOUR).contains(&quota.per_hour);
    let limits = Some(quota).filter(|_| whole).and_then(|all| Limits::new(all, usual_reserve(all)).ok());
    limits.ok_or_else(|| {
        format!("calls_per_minute is 1 to {CALLS_PER_MINUTE}, calls_per_hour 1 to {CALLS_PER_HOUR}")
    })
}

fn proof(wire: WireProof) -> ProofAt {
    match wire {
        WireProof::FederatedAudience(audience) => ProofAt::Federated { audience },
        WireProof::CertificateArn(arn) => ProofAt::Certificate(SecretAt::SecretsManager(arn)),
        WireProof::Certificate(pem) => ProofAt::Certificate(SecretAt::Inline(pem)),
        WireProof::SecretArn(arn) => ProofAt::Secret(SecretAt::SecretsManager(arn)),
        WireProof::Secret(secret) => ProofAt::Secret(SecretAt::Inline(secret)),
    }
}

/// Where the text goes wrong, without the text: it may hold a secret.
fn shape(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    format!("is not a tenants' configuration, at line {line}, column {column}; see docs/tenants.schema.json")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::config::endpoint::REGIONS;

    fn usual() -> Usual {
        Usual { endpoints: Endpoints::of(REGIONS[0]), limits: Limits::default() }
    }

    fn contoso(with: &Value) -> Value {
        let mut tenant = json!({ "name": "contoso", "tenant_id": "contoso.example", "client_id": "app",
            "proof": { "federated_audience": "api://AzureADTokenExchange" } });
        tenant.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
        tenant
    }

    fn parsed(tenants: &[Value]) -> Result<Vec<Tenant>, Vec<String>> {
        parse(&json!({ "tenants": tenants }).to_string(), &usual())
    }

    #[test]
    fn a_tenant_has_what_it_says_and_else_the_usual() {
        let plain = &parsed(&[contoso(&json!({}))]).unwrap()[0];
        assert_eq!((&plain.endpoints, plain.limits), (&usual().endpoints, Limits::default()));
        let own = &parsed(&[contoso(&json!({ "region": "gcc-high", "calls_per_minute": 10 }))]).unwrap()[0];
        assert_eq!(own.endpoints.login, "https://login.microsoftonline.us");
        assert_eq!(own.limits.of(crate::domain::Priority::Urgent).per_minute, 10);
    }

    #[test]
    fn every_fault_is_named_and_no_value_is_told() {
        let fault = |with: Value| parsed(&[contoso(&with)]).unwrap_err().join("; ");
        assert_eq!(fault(json!({ "region": "mars" })), "tenant `contoso`: region is none that there is");
        assert_eq!(
            fault(json!({ "name": "a/b" })),
            format!("tenant 1: {}", crate::domain::tenant::NotATenantName)
        );
        assert!(
            fault(json!({ "calls_per_minute": 101 }))
                .ends_with("calls_per_minute is 1 to 100, calls_per_hour 1 to 1500")
        );
        assert!(
            fault(json!({ "tenant_id": "a/../b" })).ends_with("tenant_id must be a GUID or a domain name")
        );
        assert!(
            fault(json!({ "defender_endpoint": "https://example.org" }))
                .contains("defender_endpoint must be https://HOST")
        );
        for proof in [json!({ "secret": "hush", "secret_arn": "hush" }), json!({}), json!({ "word": "hush" })]
        {
            let fault = fault(json!({ "proof": proof }));
            assert!(
                fault.starts_with("is not a tenants' configuration") && !fault.contains("hush"),
                "{fault}"
            );
        }
    }

    #[test]
    fn two_tenants_have_two_names_and_two_directories() {
        let twin = contoso(&json!({ "name": "Contoso" }));
        let faults = parsed(&[contoso(&json!({})), twin]).unwrap_err();
        assert_eq!(
            faults,
            ["tenant `Contoso`: its name is used twice", "tenant `Contoso`: its tenant_id is used twice"]
        );
        assert!(parsed(&[]).is_err());
    }
}
