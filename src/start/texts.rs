//! The texts that a configuration names: the tenants and the sources, with the keys that sources have by reference.

use secrecy::{ExposeSecret, SecretString};

use crate::aws::{Secret, SecretsManager};
use crate::config::{
    ConfigError, Faults, SOURCES, SecretRef, TENANTS, Tenant, TenantsAt, TextVariables, Texts, duplicate_key,
    tenants,
};
use crate::domain::{TenantName, Timestamp};
use crate::inbound::Sources;

/// What the texts say.
pub(super) struct TextContents {
    pub(super) tenants: Vec<Tenant>,
    pub(super) sources: Sources,
}

/// Reads the tenants and the sources. The error names the faults of both.
pub(super) async fn read_texts(
    texts: &Texts,
    manager: &SecretsManager,
    now: Timestamp,
) -> Result<TextContents, ConfigError> {
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
    let contents = tenants.zip(sources).map(|(tenants, sources)| TextContents { tenants, sources });
    faults.unless(contents)
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
