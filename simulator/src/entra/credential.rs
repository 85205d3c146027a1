//! How an application authenticates. Each kind of credential is a variant, and only `check` decides.

use super::assertion::{self, AssertionRequest};
use super::refusal::EntraRefusal;
use crate::state::RegisteredApp;
use crate::state::credentials::Credentials;
use std::collections::HashMap;

/// The fields of a request for a token.
pub(crate) type Fields = HashMap<String, String>;

/// The assertion type of certificates and federated credentials (RFC 7523).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The credential that a request carries.
#[derive(Debug)]
pub(crate) enum Credential {
    Secret(String),
    /// A signed JWT: the app's certificate, or another issuer's identity.
    Assertion(String),
    Nothing,
}

impl Credential {
    pub(crate) fn read(fields: &Fields) -> Self {
        let signed = fields.get("client_assertion_type").is_some_and(|kind| kind == JWT_BEARER);
        if let Some(assertion) = fields.get("client_assertion").filter(|_| signed) {
            return Self::Assertion(assertion.clone());
        }
        fields.get("client_secret").cloned().map_or(Self::Nothing, Self::Secret)
    }

    pub(crate) fn check(
        &self,
        app: &RegisteredApp,
        known: &Credentials,
        asked: &AssertionRequest<'_>,
    ) -> Result<(), EntraRefusal> {
        match self {
            Self::Secret(secret) if *secret == app.client_secret => Ok(()),
            Self::Secret(_) => Err(EntraRefusal::wrong_secret()),
            Self::Assertion(text) => assertion::check(text, known, asked),
            Self::Nothing => Err(EntraRefusal::nothing_sent()),
        }
    }
}
