//! References to values that are stored elsewhere: in Secrets Manager, in a file, or inline.

use secrecy::SecretString;

use crate::domain::SecretArn;

/// Where a secret text is. The configurations of tenants and sources hold secrets, so they are such texts too.
#[derive(Clone, Debug)]
pub enum SecretRef {
    /// Here.
    Inline(SecretString),
    /// In Secrets Manager, under this ARN.
    SecretsManager(SecretArn),
    /// In the file of this path.
    File(String),
}

/// The variables that name a text: by its ARN, by its file, or by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TextVariables {
    /// The variable of the ARN.
    pub arn: &'static str,
    /// The variable of the file.
    pub file: &'static str,
    /// The variable of the text.
    pub inline: &'static str,
}

/// Where the tenants are.
pub const TENANTS: TextVariables =
    TextVariables { arn: "TENANTS_ARN", file: "TENANTS_FILE", inline: "TENANTS" };
/// Where the sources are.
pub const SOURCES: TextVariables =
    TextVariables { arn: "SOURCES_ARN", file: "SOURCES_FILE", inline: "SOURCES" };

impl TextVariables {
    /// All three, in the order in which messages name them.
    pub const fn all(self) -> [&'static str; 3] {
        [self.arn, self.file, self.inline]
    }

    /// The variable that names this text.
    pub const fn of(self, text: &SecretRef) -> &'static str {
        match text {
            SecretRef::Inline(_) => self.inline,
            SecretRef::SecretsManager(_) => self.arn,
            SecretRef::File(_) => self.file,
        }
    }
}

/// How the app proves to Entra who it is.
#[derive(Clone, Debug)]
pub enum CredentialRef {
    /// By a client secret.
    Secret(SecretRef),
    /// By a certificate: its private key and itself, in PEM.
    Certificate(SecretRef),
    /// By the identity AWS gives the function. There is no secret anywhere.
    Federated {
        /// The audience of that identity, as the app's federated credential names it.
        audience: String,
    },
}
