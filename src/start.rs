//! The start: from settings to a relay that can serve.

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};

use crate::aws::{Aws, Secret, SecretsManager};
use crate::clock::Clock;
use crate::config::{ConfigError, Place, Settings, Tenant, TenantsAt, TextAt, Texts, doubled_field, tenants};
use crate::defender::Defender;
use crate::domain::Timestamp;
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
    let mut faults = ConfigError(Vec::new());
    let tenants = match &texts.tenants {
        Some(at) => faults.unless(tenants(at, manager).await),
        None => None,
    };
    let sources = match &texts.sources {
        Some(at) => {
            let sources = faults.unless(sources(at, tenants.as_deref(), manager).await);
            match sources {
                Some(sources) => faults.unless(with_keys(at, sources, manager, now).await),
                None => None,
            }
        }
        None => None,
    };
    match (tenants, sources) {
        (Some(tenants), Some(sources)) => Ok(Contents { tenants, sources }),
        _ => Err(faults),
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

/// The sources. Where it is not known which tenants there are, theirs are not looked at.
async fn sources(
    at: &TextAt,
    tenants: Option<&[Tenant]>,
    manager: &SecretsManager,
) -> Result<Sources, ConfigError> {
    let json = text(at, manager).await?;
    let names = tenants.map(|tenants| tenants.iter().map(|tenant| tenant.name.clone()).collect::<Vec<_>>());
    let sources = Sources::parse(json.expose_secret());
    let sources = sources.and_then(|sources| match &names {
        Some(names) => sources.of_tenants(names),
        None => Ok(sources),
    });
    sources.map_err(|error| ConfigError::one(at.variable, error.to_string()))
}

/// The sources with the keys that they have by reference.
async fn with_keys(
    at: &TextAt,
    sources: Sources,
    manager: &SecretsManager,
    now: Timestamp,
) -> Result<Sources, ConfigError> {
    match sources.read_keys(manager, now).await {
        Ok(()) => Ok(sources),
        Err(problems) => Err(ConfigError::one(at.variable, problems.join("\n    "))),
    }
}

/// A configuration's text.
async fn text(at: &TextAt, manager: &SecretsManager) -> Result<SecretString, ConfigError> {
    let text = match &at.place {
        Place::File(path) => read(path).map(Into::into),
        Place::Secret(at) => {
            Secret::new(at.clone(), manager.clone()).get().await.map_err(|error| error.to_string())
        }
    };
    let wrong = |problem| ConfigError::one(at.variable, problem);
    let text: SecretString = text.map_err(wrong)?;
    doubled_field(text.expose_secret()).map_or(Ok(text), |problem| Err(wrong(problem)))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("cannot be read: {error}"))
}
