//! Assertions: JWTs signed with the app's certificate, or by an issuer the app trusts.

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;

use super::refusal::EntraRefusal;
use crate::state::credentials::{Certificate, Credentials, Issuer};

/// What an assertion says.
#[derive(Debug, Deserialize)]
struct Claims {
    iss: String,
    sub: String,
    aud: String,
    #[serde(default)]
    nbf: u64,
    exp: u64,
}

/// Who asks where, and when.
#[derive(Clone, Copy, Debug)]
pub(crate) struct AssertionRequest<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) tenant: &'a str,
    pub(crate) now_s: u64,
}

pub(crate) fn check(
    text: &str,
    credentials: &Credentials,
    asked: &AssertionRequest<'_>,
) -> Result<(), EntraRefusal> {
    let said = jsonwebtoken::dangerous::insecure_decode::<Claims>(text);
    let claims = said.map_err(|_| EntraRefusal::bad_assertion("It is no JWT."))?.claims;
    if claims.iss == asked.client_id {
        by_certificate(text, credentials.certificate.as_ref(), asked)
    } else {
        by_issuer(text, &claims, credentials, asked)
    }
}

fn by_certificate(
    text: &str,
    known: Option<&Certificate>,
    asked: &AssertionRequest<'_>,
) -> Result<(), EntraRefusal> {
    let unknown = || EntraRefusal::bad_assertion("Reason - The key was not found.");
    let certificate = known.ok_or_else(unknown)?;
    let header = jsonwebtoken::decode_header(text).map_err(|_| unknown())?;
    if header.x5t_s256.as_ref() != Some(&certificate.thumbprint) {
        return Err(unknown());
    }
    let claims = verified(text, Algorithm::PS256, &certificate.public_key)?;
    if claims.sub != asked.client_id {
        return Err(EntraRefusal::wrong_assertion(
            700_021,
            "application identifier doesn't match 'client_id'",
        ));
    }
    if !claims.aud.ends_with(&format!("/{}/oauth2/v2.0/token", asked.tenant)) {
        return Err(EntraRefusal::wrong_assertion(700_023, "audience claim does not match Realm issuer"));
    }
    in_time(&claims, asked.now_s)
}

fn by_issuer(
    text: &str,
    said: &Claims,
    known: &Credentials,
    asked: &AssertionRequest<'_>,
) -> Result<(), EntraRefusal> {
    let Some(wanted) = &known.federated else { return Err(EntraRefusal::no_credential(asked.client_id)) };
    for (aadsts, part, is_right) in [
        (700_211, "issuer", said.iss == wanted.issuer),
        (700_213, "subject", said.sub == wanted.subject),
        (700_212, "audience", said.aud == wanted.audience),
    ] {
        if !is_right {
            return Err(EntraRefusal::no_matching(aadsts, part));
        }
    }
    let issuer = known.issuer.as_ref().map(|issuer: &Issuer| issuer.public_key.as_str());
    let claims = verified(text, Algorithm::RS256, issuer.unwrap_or_default())?;
    in_time(&claims, asked.now_s)
}

fn verified(text: &str, algorithm: Algorithm, public_key: &str) -> Result<Claims, EntraRefusal> {
    let mut validation = Validation::new(algorithm);
    // Time and audience are judged by the simulator's own clock and Entra's numbers.
    validation.validate_exp = false;
    validation.validate_aud = false;
    let wrong = |_| EntraRefusal::bad_assertion("The signature is not the key's.");
    let key = DecodingKey::from_rsa_pem(public_key.as_bytes()).map_err(wrong)?;
    jsonwebtoken::decode::<Claims>(text, &key, &validation).map(|token| token.claims).map_err(wrong)
}

fn in_time(claims: &Claims, now_s: u64) -> Result<(), EntraRefusal> {
    if (claims.nbf..=claims.exp).contains(&now_s) {
        Ok(())
    } else {
        Err(EntraRefusal::wrong_assertion(700_024, "is not within its valid time range"))
    }
}
