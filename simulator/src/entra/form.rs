//! The token request's form, checked in Entra's order: tenant, grant, client, proof, scope.

use super::assertion::Asked;
use super::credentials::Credentials;
use super::proof::Proof;
use super::refusal::Refusal;
use crate::world::App;
use std::collections::HashMap;

pub(crate) type Fields = HashMap<String, String>;

/// Resources a token can be asked for; a token for one that is not Defender's is issued all the same.
const RESOURCES: [&str; 5] = [
    "https://api.securitycenter.microsoft.com",
    "https://api-gcc.securitycenter.microsoft.us",
    "https://api-gov.securitycenter.microsoft.us",
    "https://api.security.microsoft.com",
    "https://graph.microsoft.com",
];

/// A request with every required field.
#[derive(Debug)]
pub(crate) struct TokenForm {
    grant_type: String,
    client_id: String,
    scope: String,
    proof: Proof,
}

impl TokenForm {
    pub(crate) fn read(body: &[u8]) -> Result<Self, Refusal> {
        let fields: Fields = form_urlencoded::parse(body).into_owned().collect();
        let required = |name: &str| fields.get(name).cloned().ok_or_else(|| Refusal::missing(name));
        Ok(Self {
            grant_type: required("grant_type")?,
            client_id: required("client_id")?,
            scope: required("scope")?,
            proof: Proof::read(&fields),
        })
    }

    /// The audience of the token to issue.
    pub(crate) fn check(
        &self,
        app: &App,
        known: &Credentials,
        tenant: &str,
        now_s: u64,
    ) -> Result<String, Refusal> {
        if tenant != app.tenant_id {
            return Err(Refusal::unknown_tenant(tenant));
        }
        if self.grant_type != "client_credentials" {
            return Err(Refusal::unsupported_grant(&self.grant_type));
        }
        if self.client_id != app.client_id {
            return Err(Refusal::unknown_client(&self.client_id, tenant));
        }
        self.proof.check(app, known, &Asked { client_id: &app.client_id, tenant, now_s })?;
        self.audience(tenant)
    }

    fn audience(&self, tenant: &str) -> Result<String, Refusal> {
        let Some(resource) = self.scope.strip_suffix("/.default") else {
            return Err(Refusal::bad_scope(&self.scope));
        };
        if RESOURCES.contains(&resource) {
            Ok(resource.to_owned())
        } else {
            Err(Refusal::unknown_resource(resource, tenant))
        }
    }
}
