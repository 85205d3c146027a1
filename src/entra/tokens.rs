//! The tokens of one app, and the requests for them.
//!
//! Invariant: at most one request for a token is under way, however many callers wait for it; a token is never
//! handed out in the last part of its life, and never logged.

use std::sync::Arc;
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;

use super::answer::{self, TokenError};
use super::certificate::AssertionFor;
use super::credential::ClientCredential;
use crate::clock::Clock;
use crate::config::Endpoints;
use crate::domain::Timestamp;

/// Milliseconds a request for a token may take.
const TOKEN_TIMEOUT_MS: u64 = 5_000;
/// Milliseconds to wait before the one retry after a server error.
/// Source: Microsoft, MSAL's "Retry policy": one retry after a second.
const RETRY_AFTER_MS: i64 = 1_000;
/// Longest wait that Entra may ask for, in seconds.
const THROTTLED_MAX_S: u64 = 300;
/// Seconds before its end that a token is no longer used; a tenth of its life if that is shorter.
const SPARE_S: i64 = 300;

/// An app token. Cheap to clone; shows itself nowhere.
#[derive(Clone, Debug)]
pub struct Token {
    secret: Arc<SecretString>,
    usable_until: Timestamp,
}

impl Token {
    /// The text for `Authorization: Bearer`.
    pub fn secret(&self) -> &SecretString {
        &self.secret
    }
}

/// The tokens of one app in one tenant.
#[derive(Debug)]
pub struct Tokens {
    http: reqwest::Client,
    url: String,
    scope: &'static str,
    client_id: String,
    credential: ClientCredential,
    clock: Clock,
    last: Mutex<LastRequest>,
}

/// The result of the last request for a token.
#[derive(Debug, Default)]
struct LastRequest {
    token: Option<Token>,
    /// Why it failed, and the moment before which Entra is not asked again.
    failed: Option<(TokenError, Timestamp)>,
}

impl Tokens {
    /// The tokens of this app. No token is requested yet.
    pub fn new(
        http: reqwest::Client,
        endpoints: &Endpoints,
        tenant_id: &str,
        client_id: &str,
        credential: ClientCredential,
        clock: Clock,
    ) -> Self {
        Self {
            http,
            url: format!("{}/{tenant_id}/oauth2/v2.0/token", endpoints.login),
            scope: endpoints.scope,
            client_id: client_id.to_owned(),
            credential,
            clock,
            last: Mutex::default(),
        }
    }

    /// A token that is usable now. Callers that wait while one is fetched get the same result.
    pub async fn get(&self) -> Result<Token, TokenError> {
        let mut last = self.last.lock().await;
        let now = self.clock.now();
        if let Some(token) = last.token.as_ref().filter(|token| now < token.usable_until) {
            return Ok(token.clone());
        }
        if let Some((error, _)) = last.failed.as_ref().filter(|(_, until)| now < *until) {
            return Err(error.clone());
        }
        let fetched = self.fetch_with_retry().await;
        last.token = fetched.as_ref().ok().cloned();
        last.failed = fetched.as_ref().err().map(|error| (error.clone(), self.asked_again_at(error)));
        fetched
    }

    /// When Entra may be asked again after this error.
    fn asked_again_at(&self, error: &TokenError) -> Timestamp {
        let wait_s = match error {
            TokenError::Throttled { retry_after_s } => retry_after_s.unwrap_or(0).clamp(1, THROTTLED_MAX_S),
            _ => 1,
        };
        self.clock.now().plus_ms(i64::try_from(wait_s).unwrap_or(1) * 1000)
    }

    /// Drops a token that Defender refused, unless a newer one is there already.
    pub async fn drop_token(&self, refused: &Token) {
        let mut last = self.last.lock().await;
        if last.token.as_ref().is_some_and(|token| Arc::ptr_eq(&token.secret, &refused.secret)) {
            last.token = None;
        }
    }

    async fn fetch_with_retry(&self) -> Result<Token, TokenError> {
        match self.fetch().await {
            Err(TokenError::Unavailable(_)) => {
                self.clock.wait_until(self.clock.now().plus_ms(RETRY_AFTER_MS)).await;
                self.fetch().await
            }
            Err(error) if error.may_be_an_old_credential() && self.credential.has_changed().await => {
                self.fetch().await
            }
            other => other,
        }
    }

    async fn fetch(&self) -> Result<Token, TokenError> {
        let asked_at = self.clock.now();
        let about = AssertionFor { client_id: &self.client_id, token_url: &self.url, now: asked_at };
        let fields = self.credential.fields(&about).await?;
        let mut form =
            vec![("grant_type", "client_credentials"), ("client_id", &self.client_id), ("scope", self.scope)];
        form.extend(fields.iter().map(|(name, value)| (*name, value.expose_secret())));
        let request = self.http.post(&self.url).form(&form).timeout(Duration::from_millis(TOKEN_TIMEOUT_MS));
        let response = request.send().await.map_err(|error| answer::broken(&error))?;
        let (secret, life_s) = answer::read(response).await?;
        let spare_s = SPARE_S.min(life_s / 10);
        let usable_until = asked_at.plus_ms((life_s - spare_s).saturating_mul(1000));
        Ok(Token { secret: Arc::new(secret), usable_until })
    }
}
