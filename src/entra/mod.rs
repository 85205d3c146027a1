//! Entra ID: app tokens.
//!
//! Invariant: at most one request for a token is under way, however many wait for it; a token is never
//! handed out in the last part of its life, and never logged.

mod advice;
mod answer;
mod certificate;
mod federated;
mod proof;

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use crate::clock::Clock;
use crate::config::Endpoints;
use crate::domain::Timestamp;

use proof::About;

pub use answer::TokenError;
pub use proof::Proof;

/// Milliseconds a request for a token may take.
const TOKEN_TIMEOUT_MS: u64 = 5_000;
/// Milliseconds to wait before the one retry after a server error.
/// Source: Microsoft, MSAL's "Retry policy": one retry after a second.
const RETRY_AFTER_MS: i64 = 1_000;
/// Seconds before its end that a token is no longer used; a tenth of its life if that is shorter.
const SPARE_S: i64 = 300;

/// An app token. Cheap to clone; shows itself nowhere.
#[derive(Clone, Debug)]
pub struct Token {
    secret: Arc<SecretString>,
    usable_until: Timestamp,
}

impl Token {
    #[cfg(test)]
    pub(crate) fn for_test(text: &str) -> Self {
        Self { secret: Arc::new(text.into()), usable_until: Timestamp::default() }
    }

    /// The text for `Authorization: Bearer`.
    pub fn expose(&self) -> &str {
        self.secret.expose_secret()
    }
}

/// The tokens of one app in one tenant.
#[derive(Debug)]
pub struct Tokens {
    http: reqwest::Client,
    url: String,
    scope: &'static str,
    client_id: String,
    proof: Proof,
    clock: Clock,
    current: Mutex<Option<Token>>,
}

impl Tokens {
    /// Asks for nothing yet.
    pub fn new(
        http: reqwest::Client,
        endpoints: &Endpoints,
        tenant_id: &str,
        client_id: &str,
        proof: Proof,
        clock: Clock,
    ) -> Self {
        Self {
            http,
            url: format!("{}/{tenant_id}/oauth2/v2.0/token", endpoints.login),
            scope: endpoints.scope,
            client_id: client_id.to_owned(),
            proof,
            clock,
            current: Mutex::new(None),
        }
    }

    /// A token that is usable now.
    pub async fn get(&self) -> Result<Token, TokenError> {
        let mut current = self.current.lock().await;
        if let Some(token) = current.as_ref().filter(|token| self.clock.now() < token.usable_until) {
            return Ok(token.clone());
        }
        let token = self.fetch_with_retry().await?;
        *current = Some(token.clone());
        Ok(token)
    }

    /// Drops a token that Defender does not take, unless a newer one is there already.
    pub async fn drop_token(&self, refused: &Token) {
        let mut current = self.current.lock().await;
        if current.as_ref().is_some_and(|token| Arc::ptr_eq(&token.secret, &refused.secret)) {
            *current = None;
        }
    }

    async fn fetch_with_retry(&self) -> Result<Token, TokenError> {
        match self.fetch().await {
            Err(TokenError::Unavailable(_)) => {
                self.clock.wait_until(self.clock.now().plus_ms(RETRY_AFTER_MS)).await;
                self.fetch().await
            }
            Err(error) if error.may_be_an_old_proof() => {
                self.proof.forget().await;
                Err(error)
            }
            other => other,
        }
    }

    async fn fetch(&self) -> Result<Token, TokenError> {
        let asked_at = self.clock.now();
        let about = About { client_id: &self.client_id, token_url: &self.url, now: asked_at };
        let proof = self.proof.fields(&about).await?;
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", &self.client_id), ("scope", self.scope)];
        form.extend(proof.iter().map(|(name, value)| (*name, value.expose_secret())));
        let request = self.http.post(&self.url).form(&form).timeout(Duration::from_millis(TOKEN_TIMEOUT_MS));
        let response = request.send().await.map_err(|error| answer::broken(&error))?;
        let (secret, life_s) = answer::read(response).await?;
        let spare_s = SPARE_S.min(life_s / 10);
        let usable_until = asked_at.plus_ms((life_s - spare_s).saturating_mul(1000));
        Ok(Token { secret: Arc::new(secret), usable_until })
    }
}
