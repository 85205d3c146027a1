//! The token request's form, checked in Entra's order: tenant, grant, client, proof, scope.

use super::assertion::AssertionRequest;
use super::credential::{Credential, Fields};
use super::refusal::EntraRefusal;
use crate::state::RegisteredApp;
use crate::state::credentials::Credentials;

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
    credential: Credential,
}

impl TokenForm {
    pub(crate) fn read(body: &[u8]) -> Result<Self, EntraRefusal> {
        let fields: Fields = form_urlencoded::parse(body).into_owned().collect();
        let required = |name: &str| fields.get(name).cloned().ok_or_else(|| EntraRefusal::missing(name));
        Ok(Self {
            grant_type: required("grant_type")?,
            client_id: required("client_id")?,
            scope: required("scope")?,
            credential: Credential::read(&fields),
        })
    }

    /// The audience of the token to issue.
    pub(crate) fn check(
        &self,
        app: &RegisteredApp,
        known: &Credentials,
        tenant: &str,
        now_s: u64,
    ) -> Result<String, EntraRefusal> {
        if tenant != app.tenant_id {
            return Err(EntraRefusal::unknown_tenant(tenant));
        }
        if self.grant_type != "client_credentials" {
            return Err(EntraRefusal::unsupported_grant(&self.grant_type));
        }
        if self.client_id != app.client_id {
            return Err(EntraRefusal::unknown_client(&self.client_id, tenant));
        }
        self.credential.check(app, known, &AssertionRequest { client_id: &app.client_id, tenant, now_s })?;
        self.audience(tenant)
    }

    fn audience(&self, tenant: &str) -> Result<String, EntraRefusal> {
        let Some(resource) = self.scope.strip_suffix("/.default") else {
            return Err(EntraRefusal::bad_scope(&self.scope));
        };
        if RESOURCES.contains(&resource) {
            Ok(resource.to_owned())
        } else {
            Err(EntraRefusal::unknown_resource(resource, tenant))
        }
    }
}
