//! Entra ID: app tokens.

mod advice;
mod answer;
mod certificate;
mod credential;
mod federated;
mod tokens;

pub use answer::TokenError;
pub use credential::ClientCredential;
pub use tokens::{Token, Tokens};
