//! The tenants: whose machines are tagged, and how the app proves itself there.
//!
//! Invariant: fail closed. Every fault is named, each with its tenant; a configuration with a fault makes no tenants
//! at all. No two tenants share a directory, for budget and backlog are the directory's.

use std::collections::HashSet;

use secrecy::SecretString;
use serde::Deserialize;

use super::endpoint::{defender_endpoint, login_endpoint};
use super::places::{CredentialRef, SecretAt, TextAt};
use super::{Budget, Endpoints, Region};
use crate::domain::budget::{CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge};
use crate::domain::{SecretArn, TenantName};

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
    pub proof: CredentialRef,
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
    pub budget: Budget,
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
        proof: proof(wire.proof)?,
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
    let calls = Quota {
        per_minute: wire.calls_per_minute.unwrap_or(usual.budget.calls.per_minute),
        per_hour: wire.calls_per_hour.unwrap_or(usual.budget.calls.per_hour),
    };
    if !(1..=CALLS_PER_MINUTE).contains(&calls.per_minute) || !(1..=CALLS_PER_HOUR).contains(&calls.per_hour)
    {
        return Err(format!(
            "calls_per_minute is 1 to {CALLS_PER_MINUTE}, calls_per_hour 1 to {CALLS_PER_HOUR}"
        ));
    }
    Budget { calls, ..usual.budget }.limits().map_err(|error| match error {
        ReserveTooLarge::Minute(_) => format!("calls_per_minute: RESERVE_PER_MINUTE {error}"),
        ReserveTooLarge::Hour(_) => format!("calls_per_hour: RESERVE_PER_HOUR {error}"),
    })
}

fn proof(wire: WireProof) -> Result<CredentialRef, String> {
    let by_arn = |field: &str, text: &str| {
        SecretArn::parse(text).map(SecretAt::SecretsManager).map_err(|error| format!("proof.{field} {error}"))
    };
    Ok(match wire {
        WireProof::FederatedAudience(audience) => CredentialRef::Federated { audience },
        WireProof::CertificateArn(arn) => CredentialRef::Certificate(by_arn("certificate_arn", &arn)?),
        WireProof::Certificate(pem) => CredentialRef::Certificate(SecretAt::Inline(pem)),
        WireProof::SecretArn(arn) => CredentialRef::Secret(by_arn("secret_arn", &arn)?),
        WireProof::Secret(secret) => CredentialRef::Secret(SecretAt::Inline(secret)),
    })
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
    use crate::domain::Priority;

    fn usual() -> Usual {
        let calls = Quota { per_minute: 50, per_hour: 1000 };
        let budget = Budget { calls, reserve_per_minute: Some(5), reserve_per_hour: None };
        Usual { endpoints: Endpoints::of(REGIONS[0]), budget }
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
        assert_eq!((&plain.endpoints, plain.limits), (&usual().endpoints, usual().budget.limits().unwrap()));
        let own = &parsed(&[contoso(&json!({ "region": "gcc-high", "calls_per_minute": 10 }))]).unwrap()[0];
        assert_eq!(own.endpoints.login, "https://login.microsoftonline.us");
        assert_eq!(own.limits.of(Priority::Urgent).per_minute, 10);
    }

    #[test]
    fn a_tenant_that_lowers_one_limit_keeps_the_others() {
        let limits = |with: &Value| parsed(&[contoso(with)]).map(|tenants| tenants[0].limits);
        let both = |limits: Limits| (limits.of(Priority::Urgent), limits.of(Priority::Routine));
        let quota = |per_minute, per_hour| Quota { per_minute, per_hour };
        let hour = limits(&json!({ "calls_per_hour": 100 })).unwrap();
        assert_eq!(both(hour), (quota(50, 100), quota(45, 96)), "the set reserve stays, the other follows");
        let minute = limits(&json!({ "calls_per_minute": 20 })).unwrap();
        assert_eq!(both(minute), (quota(20, 1000), quota(15, 960)));
        let fault = limits(&json!({ "calls_per_minute": 5 })).unwrap_err().join("; ");
        assert!(fault.contains("RESERVE_PER_MINUTE must be less than the 5 calls a minute"), "{fault}");
    }

    #[test]
    fn a_secret_in_the_place_of_an_arn_is_refused_and_not_told() {
        for field in ["secret_arn", "certificate_arn"] {
            let fault = parsed(&[contoso(&json!({ "proof": { field: "hush" } }))]).unwrap_err().join("; ");
            assert!(
                fault.contains(&format!("proof.{field} must be the full ARN")) && !fault.contains("hush"),
                "{fault}"
            );
        }
    }

    #[test]
    fn every_fault_is_named_and_no_value_is_told() {
        let fault = |with: Value| parsed(&[contoso(&with)]).unwrap_err().join("; ");
        assert_eq!(fault(json!({ "region": "mars" })), "tenant `contoso`: region is none that there is");
        assert_eq!(
            fault(json!({ "name": "a/b" })),
            format!("tenant 1: {}", crate::domain::values::NotATenantName)
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
