//! Where what is not a plain value is to be found: secrets, sources, the app's proof.

use secrecy::SecretString;

use crate::domain::SecretArn;

/// Where a secret is.
#[derive(Clone, Debug)]
pub enum SecretAt {
    /// Here.
    Inline(SecretString),
    /// In Secrets Manager, under this ARN.
    SecretsManager(SecretArn),
}

/// Where a configuration is that has a text of its own.
#[derive(Clone, Debug)]
pub struct TextAt {
    /// The variable that says so.
    pub variable: &'static str,
    /// Where it is.
    pub place: Place,
}

/// Where a text is.
#[derive(Clone, Debug)]
pub enum Place {
    /// Here, or in Secrets Manager: it holds secrets.
    Secret(SecretAt),
    /// In a file.
    File(String),
}

/// How the app proves to Entra who it is.
#[derive(Clone, Debug)]
pub enum CredentialRef {
    /// By a client secret.
    Secret(SecretAt),
    /// By a certificate: its private key and itself, in PEM.
    Certificate(SecretAt),
    /// By the identity AWS gives the function. There is no secret anywhere.
    Federated {
        /// The audience of that identity, as the app's federated credential names it.
        audience: String,
    },
}
