//! How the app proves who it is.
//!
//! Invariant: a proof is made for one request for a token; it is never logged or told.

use secrecy::SecretString;

use super::answer::TokenError;
use super::{certificate, federated};
use crate::aws::{Secret, SecretsManager, Sts};
use crate::config::CredentialRef;
use crate::domain::Timestamp;

/// Source: RFC 7523, section 2.2.
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// One of the ways.
#[derive(Debug)]
pub enum ClientCredential {
    /// The app's secret.
    Secret(Secret),
    /// The app's certificate and its key.
    Certificate(Secret),
    /// The function's own identity.
    Federated {
        /// Who gives it.
        sts: Sts,
        /// Whom it is for.
        audience: String,
    },
}

/// What a proof is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AssertionFor<'a> {
    pub(super) client_id: &'a str,
    pub(super) token_url: &'a str,
    pub(super) now: Timestamp,
}

impl ClientCredential {
    /// The configured way.
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
            Self::Secret(secret) => return Ok(vec![("client_secret", read(secret).await?)]),
            Self::Certificate(pem) => {
                let made = certificate::assertion(&read(pem).await?, about);
                made.map_err(|bad| TokenError::NoProof(bad.to_string()))?
            }
            Self::Federated { sts, audience } => federated::assertion(sts, audience).await?,
        };
        Ok(vec![("client_assertion_type", JWT_BEARER.into()), ("client_assertion", assertion)])
    }

    /// Whether what proves the app was replaced since it was read. It is read again.
    pub(super) async fn has_changed(&self) -> bool {
        match self {
            Self::Secret(secret) | Self::Certificate(secret) => secret.has_changed().await,
            Self::Federated { .. } => false,
        }
    }
}

async fn read(secret: &Secret) -> Result<SecretString, TokenError> {
    secret.get().await.map_err(|error| TokenError::Unavailable(error.to_string()))
}
