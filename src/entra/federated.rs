//! The identity AWS gives the function: a JWT that AWS signs and Entra trusts for this app.

use aws_sdk_sts::Client;
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_sts::operation::get_web_identity_token::GetWebIdentityTokenError;
use secrecy::SecretString;

use super::answer::TokenError;

/// The signature's algorithm. Source: Microsoft, "Workload identity federation": issuers sign with RS256.
const ALGORITHM: &str = "RS256";
/// Seconds the identity is good for: only one request is made with it. Source: AWS, `GetWebIdentityToken`: 60 to 3600.
const GOOD_FOR_S: i32 = 300;

/// The function's identity for this audience.
pub(super) async fn assertion(sts: &Client, audience: &str) -> Result<SecretString, TokenError> {
    let identity = sts.get_web_identity_token().audience(audience).signing_algorithm(ALGORITHM);
    let identity = identity.duration_seconds(GOOD_FOR_S).send().await.map_err(|error| refused(&error))?;
    let token = identity.web_identity_token().map(SecretString::from);
    token.ok_or_else(|| TokenError::Unavailable("AWS gave no identity token".into()))
}

fn refused(error: &SdkError<GetWebIdentityTokenError>) -> TokenError {
    let why = match error.as_service_error() {
        Some(GetWebIdentityTokenError::OutboundWebIdentityFederationDisabledException(_)) => {
            "outbound identity federation is off in this AWS account; switch it on under IAM, Account settings"
        }
        Some(other) if other.code() == Some("AccessDenied") => {
            "AWS denies the function's role sts:GetWebIdentityToken; look at the role, its boundary and the \
             organization's policies"
        }
        _ => return TokenError::Unavailable(format!("AWS's identity: {}", crate::aws::describe(error))),
    };
    TokenError::NoCredential(why.into())
}
