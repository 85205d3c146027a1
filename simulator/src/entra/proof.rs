//! How an application proves who it is. Each kind of proof is a variant, and `check` is the only judge.

use super::assertion::{self, Asked};
use super::credentials::Credentials;
use super::form::Fields;
use super::refusal::Refusal;
use crate::world::App;

/// The assertion type of certificates and federated credentials (RFC 7523).
const JWT_BEARER: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The proof a request carries.
#[derive(Debug)]
pub(crate) enum Proof {
    Secret(String),
    /// A signed JWT: the app's certificate, or another issuer's identity.
    Assertion(String),
    Nothing,
}

impl Proof {
    pub(crate) fn read(fields: &Fields) -> Self {
        let signed = fields.get("client_assertion_type").is_some_and(|kind| kind == JWT_BEARER);
        if let Some(assertion) = fields.get("client_assertion").filter(|_| signed) {
            return Self::Assertion(assertion.clone());
        }
        fields.get("client_secret").cloned().map_or(Self::Nothing, Self::Secret)
    }

    pub(crate) fn check(&self, app: &App, known: &Credentials, asked: &Asked<'_>) -> Result<(), Refusal> {
        match self {
            Self::Secret(secret) if *secret == app.client_secret => Ok(()),
            Self::Secret(_) => Err(Refusal::wrong_secret()),
            Self::Assertion(text) => assertion::check(text, known, asked),
            Self::Nothing => Err(Refusal::no_proof()),
        }
    }
}
