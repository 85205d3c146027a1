//! The app's certificate: a JWT signed with its key.
//!
//! Invariant: an assertion is good for one token address and ten minutes.

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PSS_SHA256, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use secrecy::{ExposeSecret, SecretString};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::domain::Timestamp;

/// Seconds an assertion is good for. Source: Microsoft, "Certificate credentials": 5 to 10 minutes after `nbf` at most.
const GOOD_FOR_S: i64 = 300;
/// Seconds before now from which an assertion is already good, because clocks differ.
const GOOD_BEFORE_S: i64 = 60;
/// The shortest key Entra takes, in bytes.
const KEY_MIN_BYTES: usize = 256;

/// The text is not a certificate that can prove an app's identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum BadCertificate {
    #[error("the certificate's text has no CERTIFICATE in PEM")]
    NoCertificate,
    #[error("the certificate's text has no PRIVATE KEY in PEM; an encrypted one cannot be used")]
    NoKey,
    #[error("the certificate's key is no RSA key of 2,048 bits or more")]
    WrongKey,
}

/// What an assertion is made for.
#[derive(Clone, Copy, Debug)]
pub(super) struct AssertionFor<'a> {
    pub(super) client_id: &'a str,
    pub(super) token_url: &'a str,
    pub(super) now: Timestamp,
}

/// A JWT that proves the app's identity by its certificate. Source: Microsoft, "Certificate credentials".
pub(super) fn assertion(
    pem: &SecretString,
    about: &AssertionFor<'_>,
) -> Result<SecretString, BadCertificate> {
    let pem = pem.expose_secret().as_bytes();
    let certificate = CertificateDer::from_pem_slice(pem).map_err(|_| BadCertificate::NoCertificate)?;
    let key = key(pem)?;
    let header = json!({
        "alg": "PS256",
        "typ": "JWT",
        "x5t#S256": BASE64_URL.encode(digest(&SHA256, &certificate)),
    });
    let signed = format!("{}.{}", encoded(&header), encoded(&claims(about)));
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(&RSA_PSS_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
        .map_err(|_| BadCertificate::WrongKey)?;
    Ok(format!("{signed}.{}", BASE64_URL.encode(signature)).into())
}

fn key(pem: &[u8]) -> Result<RsaKeyPair, BadCertificate> {
    let key = PrivateKeyDer::from_pem_slice(pem).map_err(|_| BadCertificate::NoKey)?;
    let key = match &key {
        PrivateKeyDer::Pkcs8(key) => RsaKeyPair::from_pkcs8(key.secret_pkcs8_der()),
        PrivateKeyDer::Pkcs1(key) => RsaKeyPair::from_der(key.secret_pkcs1_der()),
        _ => return Err(BadCertificate::WrongKey),
    };
    let key = key.map_err(|_| BadCertificate::WrongKey)?;
    if key.public_modulus_len() < KEY_MIN_BYTES { Err(BadCertificate::WrongKey) } else { Ok(key) }
}

fn claims(about: &AssertionFor<'_>) -> Value {
    let now_s = about.now.second();
    json!({
        "aud": about.token_url,
        "iss": about.client_id,
        "sub": about.client_id,
        "jti": Uuid::new_v4().to_string(),
        "nbf": now_s - GOOD_BEFORE_S,
        "exp": now_s + GOOD_FOR_S,
    })
}

fn encoded(part: &Value) -> String {
    BASE64_URL.encode(part.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pem: &str) -> BadCertificate {
        let about = AssertionFor { client_id: "app", token_url: "https://login", now: Timestamp::default() };
        assertion(&pem.into(), &about).unwrap_err()
    }

    #[test]
    fn what_is_no_certificate_says_what_is_missing() {
        let block = |name: &str| format!("-----BEGIN {name}-----\nAAAA\n-----END {name}-----\n");
        assert_eq!(refusal("a word"), BadCertificate::NoCertificate);
        assert_eq!(refusal(&block("CERTIFICATE")), BadCertificate::NoKey);
        let encrypted = block("CERTIFICATE") + &block("ENCRYPTED PRIVATE KEY");
        assert_eq!(refusal(&encrypted), BadCertificate::NoKey);
        assert_eq!(refusal(&(block("CERTIFICATE") + &block("PRIVATE KEY"))), BadCertificate::WrongKey);
    }
}
