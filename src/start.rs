//! The start: from settings to a relay that can serve.

use aws_sdk_secretsmanager::Client as SecretsManager;
use secrecy::{ExposeSecret, SecretString};

use crate::aws::Aws;
use crate::clock::Clock;
use crate::config::{ConfigError, Settings, SourcesAt};
use crate::defender::Defender;
use crate::entra::{Proof, Tokens};
use crate::http::App;
use crate::inbound::Sources;
use crate::outbound;
use crate::relay::{Parts, Relay};
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

/// Builds the relay. Talks to nobody but Secrets Manager, and to that only if the sources or a source's keys are
/// there.
pub async fn app(settings: &Settings, aws: Aws, clock: Clock) -> Result<App, StartError> {
    let (sources, at) = sources(&settings.sources, &aws.secrets_manager).await?;
    let source_secrets = SourceSecrets::new(&sources, aws.secrets_manager.clone());
    source_secrets
        .read_all(&sources)
        .await
        .map_err(|problems| ConfigError::one(at, problems.join("\n    ")))?;
    let http = outbound::http_client()?;
    let proof = Proof::new(&settings.proof, aws.secrets_manager, aws.sts);
    let (tenant, client) = (&settings.tenant_id, &settings.client_id);
    let tokens = Tokens::new(http.clone(), &settings.endpoints, tenant, client, proof, clock.clone());
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
        source_secrets,
        respond_within_ms: settings.respond_within_ms,
        machines_per_request: settings.machines_per_request,
    })
}

/// The sources, and the variable that says where they are.
async fn sources(at: &SourcesAt, manager: &SecretsManager) -> Result<(Sources, &'static str), ConfigError> {
    let (name, json) = match at {
        SourcesAt::File(path) => ("SOURCES_FILE", read(path).map(Into::into)),
        SourcesAt::Secret(at) => {
            let json = Secret::new(at.clone(), manager.clone()).get().await;
            (at.variable("SOURCES_ARN", "SOURCES"), json.map_err(|error| error.to_string()))
        }
    };
    let json: SecretString = json.map_err(|problem| ConfigError::one(name, problem))?;
    let sources = Sources::parse(json.expose_secret());
    sources.map(|sources| (sources, name)).map_err(|error| ConfigError::one(name, error.to_string()))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}
