//! The start: from settings to a relay that can serve.

use aws_sdk_secretsmanager::Client as SecretsManager;
use secrecy::ExposeSecret;

use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::{ConfigError, Settings, SourcesAt};
use crate::defender::Defender;
use crate::entra::Tokens;
use crate::http::App;
use crate::inbound::Sources;
use crate::outbound;
use crate::relay::{Parts, Relay};
use crate::secrets::Secret;
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

/// Builds the relay. Talks to nobody but Secrets Manager, and to that only if the sources are there.
pub async fn app(settings: &Settings, aws: Aws, clock: Clock) -> Result<App, StartError> {
    let sources = sources(&settings.sources, &aws.secrets_manager).await?;
    let http = outbound::http_client()?;
    let secret = Secret::new(settings.client_secret.clone(), aws.secrets_manager);
    let (tenant, client) = (&settings.tenant_id, &settings.client_id);
    let tokens = Tokens::new(http.clone(), &settings.endpoints, tenant, client, secret, clock.clone());
    let relay = Relay::new(Parts {
        store: Store::new(&aws.dynamodb, &settings.table_name, tenant, clock.clone())
            .keeping_finished(settings.finished_kept_days),
        tokens,
        defender: Defender::new(http, &settings.endpoints.defender, clock.clone()),
        clock,
        limits: settings.limits,
        machines_per_call: settings.machines_per_call,
        request_expires_hours: settings.request_expires_hours,
    });
    Ok(App {
        relay,
        sources,
        respond_within_ms: settings.respond_within_ms,
        machines_per_request: settings.machines_per_request,
    })
}

async fn sources(at: &SourcesAt, manager: &SecretsManager) -> Result<Sources, ConfigError> {
    match at {
        SourcesAt::File(path) => {
            let json = std::fs::read_to_string(path)
                .map_err(|error| ConfigError::one("SOURCES_FILE", format!("cannot be read: {error}")))?;
            Sources::parse(&json).map_err(|error| ConfigError::one("SOURCES_FILE", error.to_string()))
        }
        SourcesAt::Secret(at) => {
            let name = at.variable("SOURCES_ARN", "SOURCES");
            let json = Secret::new(at.clone(), manager.clone()).get().await;
            let json = json.map_err(|error| ConfigError::one(name, error.to_string()))?;
            Sources::parse(json.expose_secret()).map_err(|error| ConfigError::one(name, error.to_string()))
        }
    }
}
