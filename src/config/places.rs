//! Where what is not a plain value is to be found: secrets, sources, the app's proof.

use secrecy::SecretString;

/// Where a secret is.
#[derive(Clone, Debug)]
pub enum SecretAt {
    /// Here.
    Inline(SecretString),
    /// In Secrets Manager, under this ARN.
    SecretsManager(String),
}

impl SecretAt {
    /// The variable that said so.
    pub const fn variable(&self, arn: &'static str, inline: &'static str) -> &'static str {
        match self {
            Self::SecretsManager(_) => arn,
            Self::Inline(_) => inline,
        }
    }
}

/// Where the sources' configuration is.
#[derive(Clone, Debug)]
pub enum SourcesAt {
    /// Here, or in Secrets Manager: it holds secrets.
    Secret(SecretAt),
    /// In a file.
    File(String),
}

/// How the app proves to Entra who it is.
#[derive(Clone, Debug)]
pub enum ProofAt {
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
