//! Entra's answers to a request for a token.

use secrecy::SecretString;
use serde::Deserialize;

use super::advice;

/// Bytes of an answer that are read.
const ANSWER_MAX_BYTES: usize = 64 * 1024;
/// Longest life a token is trusted to have, in seconds. Source: Microsoft, "Access tokens": 60 to 90 minutes.
const LIFE_MAX_S: i64 = 24 * 3600;

/// Why there is no token.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TokenError {
    /// Entra refuses the token; only an operator can fix the cause.
    #[error("Entra refuses a token: {error} AADSTS{aadsts}: {advice}")]
    Refused {
        /// Entra's word for it.
        error: String,
        /// The number to look up.
        aadsts: u32,
        /// What to do.
        advice: &'static str,
    },
    /// The app's credential cannot be used; only an operator can fix the cause.
    #[error("the app cannot be proven: {0}")]
    NoCredential(String),
    /// Entra asks to wait.
    #[error("Entra asks to wait")]
    Throttled {
        /// Lifetime to wait.
        retry_after_s: Option<u64>,
    },
    /// No usable answer.
    #[error("no token: {0}")]
    Unavailable(String),
}

impl TokenError {
    /// Whether the cause may be a secret or certificate that was replaced meanwhile.
    pub(super) fn may_be_an_old_credential(&self) -> bool {
        match self {
            Self::Refused { aadsts, .. } => advice::may_be_an_old_credential(*aadsts),
            Self::NoCredential(_) => true,
            Self::Throttled { .. } | Self::Unavailable(_) => false,
        }
    }

    /// Whether only an operator can fix it. If not, the token may be granted later.
    pub fn needs_operator(&self) -> bool {
        match self {
            Self::Refused { aadsts, .. } => !advice::may_pass(*aadsts),
            Self::NoCredential(_) => true,
            Self::Throttled { .. } | Self::Unavailable(_) => false,
        }
    }
}

#[derive(Deserialize)]
struct GrantedToken {
    access_token: SecretString,
    expires_in: Lifetime,
}

/// `expires_in` comes as a number or as a string.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lifetime {
    Number(i64),
    Text(String),
}

#[derive(Deserialize)]
struct TokenRefusal {
    error: String,
    #[serde(default)]
    error_codes: Vec<u32>,
}

/// A request that got no answer.
pub(super) fn broken(error: &reqwest::Error) -> TokenError {
    TokenError::Unavailable(crate::outbound::describe(error))
}

/// The token and its life in seconds.
pub(super) async fn read(response: reqwest::Response) -> Result<(SecretString, i64), TokenError> {
    let status = response.status();
    let retry_after_s = crate::outbound::retry_after_s(response.headers());
    let body =
        crate::outbound::read_body(response, ANSWER_MAX_BYTES).await.map_err(TokenError::Unavailable)?;
    if status.as_u16() == 429 || (status.as_u16() == 503 && retry_after_s.is_some()) {
        return Err(TokenError::Throttled { retry_after_s });
    }
    if status.is_server_error() {
        return Err(TokenError::Unavailable(format!("status {status}")));
    }
    if !status.is_success() {
        return Err(refused(status.as_u16(), &body));
    }
    let granted: GrantedToken = serde_json::from_slice(&body)
        .map_err(|_| TokenError::Unavailable("an answer that is not the documented JSON".into()))?;
    let life_s = match granted.expires_in {
        Lifetime::Number(seconds) => Some(seconds),
        Lifetime::Text(text) => text.parse().ok(),
    };
    let life_s = life_s.filter(|life_s| *life_s > 0);
    let life_s = life_s.ok_or_else(|| TokenError::Unavailable("a token without a life".into()))?;
    Ok((granted.access_token, life_s.min(LIFE_MAX_S)))
}

fn refused(status: u16, body: &[u8]) -> TokenError {
    match serde_json::from_slice::<TokenRefusal>(body) {
        Ok(refused) => {
            let aadsts = refused.error_codes.first().copied().unwrap_or(0);
            TokenError::Refused { error: plain_word(&refused.error), aadsts, advice: advice::of(aadsts) }
        }
        Err(_) => TokenError::Unavailable(format!("status {status} without the documented JSON")),
    }
}

/// Keeps the characters of a plain word only, because the text goes into logs.
fn plain_word(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').take(64).collect()
}
