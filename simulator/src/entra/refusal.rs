//! Entra's error answers: OAuth's `error` to branch on, and an AADSTS number to search for.

use crate::reply::Reply;
use serde_json::json;
use uuid::Uuid;

/// Why no token was issued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EntraRefusal {
    pub(crate) status: u16,
    pub(crate) error: String,
    pub(crate) aadsts: u32,
    pub(crate) message: String,
}

impl EntraRefusal {
    pub(crate) fn new(status: u16, error: &str, aadsts: u32, message: String) -> Self {
        Self { status, error: error.to_owned(), aadsts, message }
    }

    pub(crate) fn missing(name: &str) -> Self {
        let message = format!("The request body must contain the following parameter: '{name}'.");
        Self::new(400, "invalid_request", 900_144, message)
    }

    pub(crate) fn unsupported_grant(grant: &str) -> Self {
        let message = format!("The app requested an unsupported grant type '{grant}'.");
        Self::new(400, "unsupported_grant_type", 70_003, message)
    }

    pub(crate) fn unknown_tenant(tenant: &str) -> Self {
        let message =
            format!("Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID.");
        Self::new(400, "invalid_request", 90_002, message)
    }

    pub(crate) fn unknown_client(client: &str, tenant: &str) -> Self {
        let message =
            format!("Application with identifier '{client}' was not found in the directory '{tenant}'.");
        Self::new(400, "unauthorized_client", 700_016, message)
    }

    pub(crate) fn wrong_secret() -> Self {
        let message = "Invalid client secret provided.".to_owned();
        Self::new(401, "invalid_client", 7_000_215, message)
    }

    pub(crate) fn nothing_sent() -> Self {
        let message = "'client_assertion', 'client_secret' or 'request' is required for the 'client_credentials' grant type.";
        Self::new(401, "invalid_client", 7_000_216, message.to_owned())
    }

    pub(crate) fn no_credential(client: &str) -> Self {
        let message = format!("The client '{client}' has no configured federated identity credentials.");
        Self::new(401, "invalid_client", 70_025, message)
    }

    pub(crate) fn bad_assertion(reason: &str) -> Self {
        let message = format!("Client assertion contains an invalid signature. [{reason}]");
        Self::new(401, "invalid_client", 700_027, message)
    }

    pub(crate) fn wrong_assertion(aadsts: u32, what: &str) -> Self {
        Self::new(401, "invalid_client", aadsts, format!("Client assertion {what}."))
    }

    pub(crate) fn no_matching(aadsts: u32, part: &str) -> Self {
        let message = format!("No matching federated identity record found for presented assertion {part}.");
        Self::new(401, "invalid_client", aadsts, message)
    }

    pub(crate) fn bad_scope(scope: &str) -> Self {
        let message = format!(
            "The provided value for the input parameter 'scope' is not valid. The scope {scope} is not valid."
        );
        Self::new(400, "invalid_scope", 70_011, message)
    }

    pub(crate) fn unknown_resource(resource: &str, tenant: &str) -> Self {
        let message =
            format!("The resource principal named {resource} was not found in the tenant named {tenant}.");
        Self::new(400, "invalid_resource", 500_011, message)
    }

    pub(crate) fn reply(&self, timestamp: &str) -> Reply {
        let trace = Uuid::new_v4();
        let correlation = Uuid::new_v4();
        let description = format!(
            "AADSTS{}: {} Trace ID: {trace} Correlation ID: {correlation} Timestamp: {timestamp}",
            self.aadsts, self.message
        );
        let body = json!({
            "error": self.error,
            "error_description": description,
            "error_codes": [self.aadsts],
            "timestamp": timestamp,
            "trace_id": trace.to_string(),
            "correlation_id": correlation.to_string(),
            "error_uri": format!("https://login.microsoftonline.com/error?code={}", self.aadsts),
        });
        Reply::json(self.status, body)
    }
}
