//! Secrets, from where the configuration says they are.
//!
//! Invariant: a secret lives only in a `SecretString`, which shows itself nowhere.

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::clients::{SecretsManager, describe};
use crate::config::SecretRef;
use crate::domain::SecretArn;

/// A secret cannot be read.
#[derive(Clone, Debug, thiserror::Error)]
#[error("the secret {name} cannot be read: {why}")]
pub struct NoSecret {
    /// The secret's ARN, or the path of its file. Not secret.
    pub name: String,
    /// What happened.
    pub why: String,
}

impl NoSecret {
    /// This secret cannot be read.
    pub fn of(arn: &SecretArn, why: impl Into<String>) -> Self {
        Self { name: arn.to_string(), why: why.into() }
    }
}

/// A secret and where it comes from.
#[derive(Debug)]
pub struct Secret {
    at: SecretRef,
    manager: SecretsManager,
    known: Mutex<Option<SecretString>>,
}

impl Secret {
    /// A secret that is read when it is first asked for.
    pub fn new(at: SecretRef, manager: SecretsManager) -> Self {
        Self { at, manager, known: Mutex::new(None) }
    }

    /// The secret, from memory if it was read before.
    pub async fn get(&self) -> Result<SecretString, NoSecret> {
        let arn = match &self.at {
            SecretRef::Inline(secret) => return Ok(secret.clone()),
            SecretRef::File(path) => return read_file(path),
            SecretRef::SecretsManager(arn) => arn,
        };
        let mut known = self.known.lock().await;
        if let Some(secret) = known.as_ref() {
            return Ok(secret.clone());
        }
        let secret = fetch_secret(&self.manager, arn).await?;
        *known = Some(secret.clone());
        Ok(secret)
    }

    /// Reads the secret again, and says whether it is another now. One that cannot be read stays as it is.
    pub async fn has_changed(&self) -> bool {
        let SecretRef::SecretsManager(arn) = &self.at else { return false };
        let mut known = self.known.lock().await;
        let Ok(read) = fetch_secret(&self.manager, arn).await else { return false };
        let changed = known.as_ref().is_none_or(|known| known.expose_secret() != read.expose_secret());
        *known = Some(read);
        changed
    }
}

fn read_file(path: &str) -> Result<SecretString, NoSecret> {
    let text = std::fs::read_to_string(path);
    text.map(Into::into).map_err(|error| NoSecret { name: path.to_owned(), why: error.to_string() })
}

/// Reads a secret's text, without the white space around it.
pub async fn fetch_secret(manager: &SecretsManager, arn: &SecretArn) -> Result<SecretString, NoSecret> {
    let answer = manager.get_secret_value().secret_id(arn.as_str()).send().await;
    let answer = answer.map_err(|error| NoSecret::of(arn, describe(&error)))?;
    let text = answer.secret_string().ok_or_else(|| NoSecret::of(arn, "it holds no text"))?;
    Ok(text.trim().into())
}
