//! The client credential: what the app proves its identity with.
//!
//! Invariant: the fields are made for one request for a token, and are never logged or returned to a caller.

use secrecy::SecretString;

use super::answer::TokenError;
use super::certificate::{self, AssertionFor};
use super::federated;
use crate::aws::{Secret, SecretsManager, Sts};
use crate::config::CredentialRef;

/// Source: RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// What the app proves its identity with.
#[derive(Debug)]
pub enum ClientCredential {
    /// The app's secret.
    Secret(Secret),
    /// The app's certificate and its key.
    Certificate(Secret),
    /// The function's own identity.
    Federated {
        /// The service that issues it.
        sts: Sts,
        /// The audience it is issued for.
        audience: String,
    },
}

impl ClientCredential {
    /// The configured credential.
    pub fn new(at: &CredentialRef, manager: SecretsManager, sts: Sts) -> Self {
        match at {
            CredentialRef::Secret(at) => Self::Secret(Secret::new(at.clone(), manager)),
            CredentialRef::Certificate(at) => Self::Certificate(Secret::new(at.clone(), manager)),
            CredentialRef::Federated { audience } => Self::Federated { sts, audience: audience.clone() },
        }
    }

    /// The fields of a request for a token that prove the app.
    pub(super) async fn fields(
        &self,
        about: &AssertionFor<'_>,
    ) -> Result<Vec<(&'static str, SecretString)>, TokenError> {
        let assertion = match self {
            Self::Secret(secret) => return Ok(vec![("client_secret", read_secret(secret).await?)]),
            Self::Certificate(pem) => {
                let made = certificate::assertion(&read_secret(pem).await?, about);
                made.map_err(|bad| TokenError::NoCredential(bad.to_string()))?
            }
            Self::Federated { sts, audience } => federated::assertion(sts, audience).await?,
        };
        Ok(vec![("client_assertion_type", JWT_BEARER.into()), ("client_assertion", assertion)])
    }

    /// Reads the credential again. Returns whether it was replaced since it was read before.
    pub(super) async fn has_changed(&self) -> bool {
        match self {
            Self::Secret(secret) | Self::Certificate(secret) => secret.has_changed().await,
            Self::Federated { .. } => false,
        }
    }
}

async fn read_secret(secret: &Secret) -> Result<SecretString, TokenError> {
    secret.get().await.map_err(|error| TokenError::Unavailable(error.to_string()))
}
