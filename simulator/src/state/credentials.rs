//! What an app can prove itself with besides its secret: a certificate, and the identity of another issuer.
//!
//! Every key is made at run time and opens nothing but this simulator.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64_URL;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{CertificateParams, KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::json;
use sha2::{Digest, Sha256};

/// The audience Microsoft asks for in federated credentials.
pub const AUDIENCE: &str = "api://AzureADTokenExchange";
/// The role that AWS's double gives identities to.
pub(crate) const ROLE: &str = "arn:aws:iam::000000000000:role/defender-tag-relay";
/// Who signs those identities.
const ISSUER: &str = "https://issuer.simulated.example";

/// The app's credentials, and what AWS's doubles hold.
#[derive(Debug, Default)]
pub(crate) struct Credentials {
    pub(crate) certificate: Option<Certificate>,
    pub(crate) federated: Option<Federated>,
    pub(crate) issuer: Option<Issuer>,
}

/// An uploaded certificate.
#[derive(Clone, Debug)]
pub(crate) struct Certificate {
    pub(crate) thumbprint: String,
    pub(crate) public_key: String,
}

/// A federated credential: whose word is taken for the app.
#[derive(Clone, Debug)]
pub(crate) struct Federated {
    pub(crate) issuer: String,
    pub(crate) subject: String,
    pub(crate) audience: String,
}

/// AWS's issuer of identities.
#[derive(Clone, Debug)]
pub(crate) struct Issuer {
    key: String,
    pub(crate) public_key: String,
}

impl Certificate {
    /// A new one, and the PEM text that holds its key and itself.
    pub(crate) fn fresh() -> Result<(Self, String), rcgen::Error> {
        let key = key()?;
        let certificate = CertificateParams::new([])?.self_signed(&key)?;
        let thumbprint = BASE64_URL.encode(Sha256::digest(certificate.der()));
        let text = format!("{}{}", key.serialize_pem(), certificate.pem());
        Ok((Self { thumbprint, public_key: key.public_key_pem() }, text))
    }
}

impl Federated {
    /// The one that fits the identities of AWS's double.
    pub(crate) fn fitting() -> Self {
        Self { issuer: ISSUER.into(), subject: ROLE.into(), audience: AUDIENCE.into() }
    }
}

impl Issuer {
    pub(crate) fn fresh() -> Result<Self, rcgen::Error> {
        let key = key()?;
        Ok(Self { key: key.serialize_pem(), public_key: key.public_key_pem() })
    }

    /// A signed identity of the role.
    pub(crate) fn identity(
        &self,
        audience: &str,
        now_s: u64,
        good_for_s: u64,
    ) -> Result<String, jsonwebtoken::errors::Error> {
        let claims = json!({
            "iss": ISSUER, "sub": ROLE, "aud": audience, "iat": now_s, "nbf": now_s, "exp": now_s + good_for_s,
        });
        let key = EncodingKey::from_rsa_pem(self.key.as_bytes())?;
        jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &key)
    }
}

fn key() -> Result<KeyPair, rcgen::Error> {
    KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)
}
