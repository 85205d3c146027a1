//! The start: from settings to a relay that can serve.

use std::sync::Arc;

use aws_sdk_secretsmanager::Client as SecretsManager;
use secrecy::{ExposeSecret, SecretString};

use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::{ConfigError, Place, Settings, Tenant, TenantsAt, TextAt, tenants};
use crate::defender::Defender;
use crate::entra::{Proof, Tokens};
use crate::http::App;
use crate::inbound::Sources;
use crate::outbound;
use crate::relay::{Parts, Relay, Relays};
use crate::secrets::{Secret, SourceSecrets};
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
    let manager = &aws.secrets_manager;
    let tenants = tenants(&settings.tenants, manager).await?;
    let sources = sources(&settings.sources, &tenants, manager).await?;
    let source_secrets = SourceSecrets::new(&sources, manager.clone());
    source_secrets
        .read_all(&sources, clock.now())
        .await
        .map_err(|problems| ConfigError::one(settings.sources.variable, problems.join("\n    ")))?;
    let http = outbound::http_client()?;
    let mut relays = tenants.iter().map(|tenant| relay(settings, tenant, &aws, &http, &clock));
    let first = relays.next().ok_or_else(|| ConfigError::one("TENANTS", "there is none"))?;
    Ok(App {
        relays: Relays::new(first, relays.collect()),
        sources,
        source_secrets,
        respond_within_ms: settings.respond_within_ms,
        machines_per_request: settings.machines_per_request,
        begun: Arc::default(),
    })
}

fn relay(settings: &Settings, tenant: &Tenant, aws: &Aws, http: &reqwest::Client, clock: &Clock) -> Relay {
    let Tenant { name, tenant_id, client_id, proof, endpoints, limits } = tenant;
    let proof = Proof::new(proof, aws.secrets_manager.clone(), aws.sts.clone());
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

async fn tenants(at: &TenantsAt, manager: &SecretsManager) -> Result<Vec<Tenant>, ConfigError> {
    match at {
        TenantsAt::One(tenant) => Ok(vec![(**tenant).clone()]),
        TenantsAt::Several { at, usual } => {
            let json = text(at, manager).await?;
            let tenants = tenants::parse(json.expose_secret(), usual);
            tenants.map_err(|faults| ConfigError::one(at.variable, faults.join("\n    ")))
        }
    }
}

async fn sources(at: &TextAt, tenants: &[Tenant], manager: &SecretsManager) -> Result<Sources, ConfigError> {
    let json = text(at, manager).await?;
    let names: Vec<_> = tenants.iter().map(|tenant| tenant.name.clone()).collect();
    let sources = Sources::parse(json.expose_secret()).and_then(|sources| sources.of_tenants(&names));
    sources.map_err(|error| ConfigError::one(at.variable, error.to_string()))
}

/// A configuration's text.
async fn text(at: &TextAt, manager: &SecretsManager) -> Result<SecretString, ConfigError> {
    let text = match &at.place {
        Place::File(path) => read(path).map(Into::into),
        Place::Secret(at) => {
            Secret::new(at.clone(), manager.clone()).get().await.map_err(|error| error.to_string())
        }
    };
    text.map_err(|problem| ConfigError::one(at.variable, problem))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}
