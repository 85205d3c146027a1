//! The start: from settings to a relay that can serve.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::aws::{Aws, Secret, SecretsManager};
use crate::clock::Clock;
use crate::config::{
    ConfigError, Faults, SOURCES, SecretRef, Settings, TENANTS, Tenant, TenantsAt, TextVariables, Texts,
    duplicate_key, tenants,
};
use crate::defender::Defender;
use crate::domain::{TenantName, Timestamp};
use crate::entra::{ClientCredential, Tokens};
use crate::http::App;
use crate::inbound::Sources;
use crate::outbound;
use crate::relay::{Parts, Relay, Relays};
use crate::store::Store;

/// The relay cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The configuration cannot work.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No HTTP client.
    #[error(transparent)]
    Http(#[from] outbound::NoClient),
}

/// Builds the relay. Talks to nobody but Secrets Manager, and to that only if the tenants, the sources or a source's keys
/// are there.
pub async fn app(settings: &Settings, aws: Aws, clock: Clock) -> Result<App, StartError> {
    let texts = Texts { tenants: Some(settings.tenants.clone()), sources: Some(settings.sources.clone()) };
    let Contents { tenants, sources } = contents(&texts, &aws.secrets_manager, clock.now()).await?;
    let http = outbound::http_client()?;
    let mut relays = tenants.iter().map(|tenant| relay(settings, tenant, &aws, &http, &clock));
    let first = relays.next().ok_or_else(|| ConfigError::one("TENANTS", "there is none"))?;
    Ok(App {
        relays: Relays::new(first, relays.collect()),
        sources,
        secrets_manager: aws.secrets_manager,
        respond_within_ms: settings.respond_within_ms,
        machines_per_request: settings.machines_per_request,
        begun: Arc::default(),
    })
}

/// The faults of settings, and with them those of the texts that can be read all the same: one message names all.
pub async fn every_fault(error: ConfigError, texts: &Texts, aws: &Aws, clock: &Clock) -> ConfigError {
    match contents(texts, &aws.secrets_manager, clock.now()).await {
        Ok(_) => error,
        Err(more) => error.and(more),
    }
}

/// What the texts say.
struct Contents {
    tenants: Vec<Tenant>,
    sources: Sources,
}

async fn contents(texts: &Texts, manager: &SecretsManager, now: Timestamp) -> Result<Contents, ConfigError> {
    let faults = Faults::default();
    let mut tenants = None;
    if let Some(at) = &texts.tenants {
        tenants = faults.take(read_tenants(at, manager).await);
    }
    let names: Option<Vec<_>> =
        tenants.as_ref().map(|tenants| tenants.iter().map(|tenant| tenant.name.clone()).collect());
    let mut sources = None;
    if let Some(at) = &texts.sources {
        sources = faults.take(read_sources(at, names.as_deref(), manager, now).await);
    }
    let contents = tenants.zip(sources).map(|(tenants, sources)| Contents { tenants, sources });
    faults.unless(contents)
}

fn relay(settings: &Settings, tenant: &Tenant, aws: &Aws, http: &reqwest::Client, clock: &Clock) -> Relay {
    let Tenant { name, tenant_id, client_id, proof, endpoints, limits } = tenant;
    let proof = ClientCredential::new(proof, aws.secrets_manager.clone(), aws.sts.clone());
    Relay::new(Parts {
        tenant: name.clone(),
        store: Store::new(&aws.dynamodb, &settings.table_name, tenant_id, clock.clone())
            .keeping_finished(settings.finished_kept_days),
        tokens: Tokens::new(http.clone(), endpoints, tenant_id, client_id, proof, clock.clone()),
        defender: Defender::new(http.clone(), &endpoints.defender, clock.clone()),
        clock: clock.clone(),
        limits: *limits,
        machines_per_call: settings.machines_per_call,
        request_expires_hours: settings.request_expires_hours,
    })
}

async fn read_tenants(at: &TenantsAt, manager: &SecretsManager) -> Result<Vec<Tenant>, ConfigError> {
    match at {
        TenantsAt::One(tenant) => Ok(vec![(**tenant).clone()]),
        TenantsAt::Several { at, usual } => {
            let json = read_text(TENANTS, at, manager).await?;
            tenants::parse(json.expose_secret(), usual).map_err(|error| error.within(TENANTS.of(at)))
        }
    }
}

/// The sources, with the keys that they have by reference.
async fn read_sources(
    at: &SecretRef,
    tenants: Option<&[TenantName]>,
    manager: &SecretsManager,
    now: Timestamp,
) -> Result<Sources, ConfigError> {
    let json = read_text(SOURCES, at, manager).await?;
    let within = |error: ConfigError| error.within(SOURCES.of(at));
    let sources = Sources::parse_for(json.expose_secret(), tenants).map_err(within)?;
    sources.read_keys(manager, now).await.map_err(within)?;
    Ok(sources)
}

/// The text of a configuration.
async fn read_text(
    variables: TextVariables,
    at: &SecretRef,
    manager: &SecretsManager,
) -> Result<SecretString, ConfigError> {
    let wrong = |problem: String| ConfigError::one(variables.of(at), problem);
    let text = Secret::new(at.clone(), manager.clone()).get().await;
    let text = text.map_err(|error| wrong(error.to_string()))?;
    duplicate_key(text.expose_secret()).map_or(Ok(text), |problem| Err(wrong(problem)))
}
