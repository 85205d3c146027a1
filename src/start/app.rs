//! Building the app from settings.

use std::sync::Arc;

use super::texts::{TextContents, read_texts};
use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::{ConfigError, Settings, Tenant, Texts};
use crate::defender::Defender;
use crate::entra::{ClientCredential, Tokens};
use crate::http::App;
use crate::outbound;
use crate::relay::{Parts, Relay, Tenants};
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
    let TextContents { tenants, sources } = read_texts(&texts, &aws.secrets_manager, clock.now()).await?;
    let http = outbound::http_client()?;
    let mut relays = tenants.iter().map(|tenant| relay(settings, tenant, &aws, &http, &clock));
    let first = relays.next().ok_or_else(|| ConfigError::one("TENANTS", "there is none"))?;
    Ok(App {
        relays: Tenants::new(first, relays.collect()),
        sources,
        secrets_manager: aws.secrets_manager,
        respond_within_ms: settings.respond_within_ms,
        machines_per_request: settings.machines_per_request,
        begun: Arc::default(),
    })
}

/// The faults of settings, and with them those of the texts that can be read all the same: one message names all.
pub async fn every_fault(error: ConfigError, texts: &Texts, aws: &Aws, clock: &Clock) -> ConfigError {
    match read_texts(texts, &aws.secrets_manager, clock.now()).await {
        Ok(_) => error,
        Err(more) => error.and(more),
    }
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
