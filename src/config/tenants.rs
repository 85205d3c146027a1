//! The tenants: whose machines are tagged, and how the app proves itself there.
//!
//! Invariant: fail closed. Every fault is named, each with its tenant; a configuration with a fault makes no tenants
//! at all. No two tenants share a directory, because budget and backlog are the directory's.

use std::collections::HashSet;

use serde_json::Value;

use super::endpoints::{Endpoints, REGIONS, defender_endpoint, login_endpoint};
use super::faults::{ConfigError, Noted};
use super::json::{ConfigObject, ConfigValue, read_config};
use super::secret_ref::{CredentialRef, SecretRef};
use crate::domain::budget::{
    CALLS_PER_HOUR, CALLS_PER_MINUTE, Limits, Quota, ReserveTooLarge, usual_reserve,
};
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

/// Where the tenants are configured.
#[derive(Clone, Debug)]
pub enum TenantsAt {
    /// There is one, configured by variables of its own.
    One(Box<Tenant>),
    /// In a configuration of their own.
    Several {
        /// Where that is.
        at: SecretRef,
        /// The values that a tenant inherits if it has none of its own.
        usual: Usual,
    },
}

/// The values that a tenant inherits if it has none of its own.
#[derive(Clone, Debug)]
pub struct Usual {
    /// Where Defender and Entra are.
    pub endpoints: Endpoints,
    /// The budget.
    pub budget: Budget,
}

/// A budget as it is configured: the limits, and a reserve that follows them unless it is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls in each window.
    pub calls: Quota,
    /// Of the minute's calls those that only urgent requests may use, if that is set.
    pub reserve_per_minute: Option<u32>,
    /// The same of the hour's.
    pub reserve_per_hour: Option<u32>,
}

impl Budget {
    /// The limits of this budget.
    pub fn limits(&self) -> Result<Limits, ReserveTooLarge> {
        let usual = usual_reserve(self.calls);
        let reserve = Quota {
            per_minute: self.reserve_per_minute.unwrap_or(usual.per_minute),
            per_hour: self.reserve_per_hour.unwrap_or(usual.per_hour),
        };
        Limits::new(self.calls, reserve)
    }
}

const FIELDS: [&str; 9] = [
    "name",
    "tenant_id",
    "client_id",
    "proof",
    "region",
    "defender_endpoint",
    "login_endpoint",
    "calls_per_minute",
    "calls_per_hour",
];
/// The ways of proving the app; a tenant has exactly one.
const PROOFS: [&str; 5] = ["federated_audience", "certificate_arn", "certificate", "secret_arn", "secret"];

/// Reads the tenants' configuration, or names each of its faults.
pub fn parse(json: &str, usual: &Usual) -> Result<Vec<Tenant>, ConfigError> {
    read_config(json, |document| {
        let document = document.object(&["$schema", "tenants"], r#"{"tenants": [...]}"#)?;
        let schema = document.optional("$schema", |schema| schema.text("a text"));
        let mut seen = HashSet::new();
        let tenants = document.required("tenants", |tenants| {
            tenants.list(1..=TENANTS_MAX, "tenants", |tenant| parse_tenant(tenant, usual, &mut seen))
        });
        schema.and(tenants)
    })
}

/// Names and directories that other tenants have.
type Seen = HashSet<(&'static str, String)>;

fn parse_tenant(value: &ConfigValue<'_>, usual: &Usual, seen: &mut Seen) -> Result<Tenant, Noted> {
    let name = value.json().and_then(|value| value.get("name")?.as_str());
    // A text that is no name may be anything, also a secret.
    let value = value.named(name.filter(|name| TenantName::parse(name).is_ok()));
    let tenant = value
        .object(&FIELDS, r#"{"name": "...", "tenant_id": "...", "client_id": "...", "proof": {...}}"#)?;
    let name = tenant.required("name", |name| name.parse("a tenant's name", TenantName::parse));
    let tenant_id = tenant.required("tenant_id", parse_identifier);
    let client_id = tenant.required("client_id", parse_identifier);
    for field in ["name", "tenant_id"] {
        let text = tenant.fields().get(field).and_then(Value::as_str);
        if text.is_some_and(|text| !seen.insert((field, text.to_ascii_lowercase()))) {
            tenant.fault_at(field, "is used twice");
        }
    }
    let endpoints = parse_endpoints(&tenant, usual);
    let limits = parse_limits(&tenant, usual);
    let proof = tenant.required("proof", parse_proof);
    Ok(Tenant {
        name: name?,
        tenant_id: tenant_id?,
        client_id: client_id?,
        proof: proof?,
        endpoints: endpoints?,
        limits: limits?,
    })
}

/// Like a name, an id becomes part of an address and of a key.
fn parse_identifier(value: &ConfigValue<'_>) -> Result<String, Noted> {
    let what = "a GUID or a domain name";
    let text = value.text(what)?;
    TenantName::parse(text).map(|_| text.to_owned()).map_err(|_| value.wants(what))
}

fn parse_endpoints(tenant: &ConfigObject<'_>, usual: &Usual) -> Result<Endpoints, Noted> {
    let region =
        tenant.optional("region", |region| region.choice(&REGIONS.map(|region| (region.name, region))));
    let address = "an address";
    let defender = tenant.optional("defender_endpoint", |text| text.parse(address, defender_endpoint));
    let login = tenant.optional("login_endpoint", |text| text.parse(address, login_endpoint));
    let endpoints = region?.map_or_else(|| usual.endpoints.clone(), Endpoints::of);
    Ok(Endpoints {
        defender: defender?.unwrap_or(endpoints.defender),
        login: login?.unwrap_or(endpoints.login),
        scope: endpoints.scope,
    })
}

fn parse_limits(tenant: &ConfigObject<'_>, usual: &Usual) -> Result<Limits, Noted> {
    let per_minute = tenant.optional("calls_per_minute", |calls| calls.number(1..=CALLS_PER_MINUTE));
    let per_hour = tenant.optional("calls_per_hour", |calls| calls.number(1..=CALLS_PER_HOUR));
    let calls = Quota {
        per_minute: per_minute?.unwrap_or(usual.budget.calls.per_minute),
        per_hour: per_hour?.unwrap_or(usual.budget.calls.per_hour),
    };
    Budget { calls, ..usual.budget }.limits().map_err(|error| match error {
        ReserveTooLarge::Minute(_) => {
            tenant.fault_at("calls_per_minute", format!("RESERVE_PER_MINUTE {error}"))
        }
        ReserveTooLarge::Hour(_) => tenant.fault_at("calls_per_hour", format!("RESERVE_PER_HOUR {error}")),
    })
}

fn parse_proof(value: &ConfigValue<'_>) -> Result<CredentialRef, Noted> {
    let what = format!("an object with exactly one of {}", PROOFS.join(", "));
    let proof = value.object(&PROOFS, &what)?;
    let set: Vec<_> = PROOFS.into_iter().filter(|name| proof.fields().contains_key(*name)).collect();
    let &[name] = set.as_slice() else { return Err(value.wants(&what)) };
    let text = |what: &str| proof.required(name, |text| text.text(what).map(str::to_owned));
    let by_arn = || {
        let arn = proof.required(name, |arn| arn.parse("the ARN of a secret", SecretArn::parse));
        arn.map(SecretRef::SecretsManager)
    };
    Ok(match name {
        "federated_audience" => CredentialRef::Federated { audience: text("a text")? },
        "certificate_arn" => CredentialRef::Certificate(by_arn()?),
        "certificate" => CredentialRef::Certificate(SecretRef::Inline(text("a certificate in PEM")?.into())),
        "secret_arn" => CredentialRef::Secret(by_arn()?),
        _ => CredentialRef::Secret(SecretRef::Inline(text("a text")?.into())),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
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

    fn parsed(tenants: &[Value]) -> Result<Vec<Tenant>, ConfigError> {
        parse(&json!({ "tenants": tenants }).to_string(), &usual())
    }

    fn faults(tenants: &[Value]) -> String {
        let error = parsed(tenants).unwrap_err();
        error.faults().iter().map(ToString::to_string).collect::<Vec<_>>().join("\n")
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
        let fault = faults(&[contoso(&json!({ "calls_per_minute": 5 }))]);
        assert!(fault.contains("RESERVE_PER_MINUTE must be less than the 5 calls a minute"), "{fault}");
    }

    #[test]
    fn a_secret_in_the_place_of_an_arn_is_refused_and_not_told() {
        for field in ["secret_arn", "certificate_arn"] {
            let fault = faults(&[contoso(&json!({ "proof": { field: "hush" } }))]);
            assert!(
                fault.contains(&format!("proof.{field}: must be the full ARN")) && !fault.contains("hush"),
                "{fault}"
            );
        }
    }

    #[test]
    fn one_message_names_every_fault_of_every_tenant_and_tells_no_value() {
        let wrong = json!({ "name": "a/hush", "tenant_id": "a/../hush", "client_id": 7, "region": "hush",
            "defender_endpoint": "https://hush.example.org", "login_endpoint": "hush",
            "calls_per_minute": 101, "calls_per_hour": "hush", "proof": { "word": "hush" }, "Hush": "hush" });
        let both = json!({ "client_id": null, "proof": { "secret": "hush", "secret_arn": "hush" } });
        let arn =
            contoso(&json!({ "name": "hush.example", "tenant_id": "2", "proof": { "secret_arn": "hush" } }));
        let found = faults(&[wrong, contoso(&both), json!("hush"), arn]);
        assert!(!found.replace("hush.example\"", "").contains("hush"), "{found}");
        insta::assert_snapshot!(found);
    }

    #[test]
    fn two_tenants_have_two_names_and_two_directories() {
        let twin = contoso(&json!({ "name": "Contoso" }));
        let found = faults(&[contoso(&json!({})), twin]);
        let expected =
            "tenants[1] \"Contoso\": name: is used twice\ntenants[1] \"Contoso\": tenant_id: is used twice";
        assert_eq!(found, expected);
        assert!(parsed(&[]).is_err());
    }
}
