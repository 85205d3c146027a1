//! Microsoft Entra ID's token endpoint for client credentials.
//!
//! Refusals carry the AADSTS numbers of Microsoft's error-code reference
//! (`learn.microsoft.com/entra/identity-platform/reference-error-codes`), because operators search for them.

mod assertion;
mod credential;
mod form;
mod refusal;

use crate::clock::{sleep_ms, text_of};
use crate::reply::Reply;
use crate::state::{self, Issued, SharedSite};
use crate::{Switches, TokenFault};
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use form::TokenForm;
use refusal::EntraRefusal;
use serde_json::{Value, json};

pub(crate) fn routes() -> Router<SharedSite> {
    Router::new().route("/{tenant}/oauth2/v2.0/token", post(token))
}

async fn token(State(site): State<SharedSite>, Path(tenant): Path<String>, body: Bytes) -> Response {
    let reply = answer(&site, &tenant, &body);
    sleep_ms(reply.delay_ms).await;
    reply.into_response()
}

fn answer(site: &SharedSite, tenant: &str, body: &[u8]) -> Reply {
    let now_ms = site.now_ms();
    let mut state = site.state();
    state.token_requests += 1;
    state.confide_proof(body);
    let delay_ms = match state.token_faults.pop_front() {
        None => 0,
        Some(TokenFault::Slow { ms }) => ms,
        Some(fault) => return instead(fault, now_ms),
    };
    let granted = TokenForm::read(body)
        .and_then(|form| form.check(&site.app, &site.credentials(), tenant, now_ms / 1_000));
    let reply = match granted {
        Ok(audience) => issue(&mut state, audience, now_ms),
        Err(refusal) => refusal.reply(&text_of(now_ms)),
    };
    Reply { delay_ms, ..reply }
}

fn instead(fault: TokenFault, now_ms: u64) -> Reply {
    match fault {
        TokenFault::Status { status, error, aadsts, retry_after_s } => {
            let message = "The request failed on purpose.".to_owned();
            let refusal = EntraRefusal { status, error, aadsts, message };
            refusal.reply(&text_of(now_ms)).retry_after(retry_after_s)
        }
        TokenFault::NotJson => Reply::html(200),
        TokenFault::Reset | TokenFault::Slow { .. } => Reply::cut(),
    }
}

fn issue(state: &mut state::State, audience: String, now_ms: u64) -> Reply {
    let life_s = state.switches.token_life_s;
    let issued =
        Issued { expires_at_ms: now_ms + life_s * 1_000, roles: state.switches.roles.clone(), audience };
    let token = state.tokens.issue(issued);
    state.confided.insert(token.clone());
    let life = life_as_json(&state.switches);
    let body =
        json!({"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token});
    Reply::json(200, body)
}

fn life_as_json(switches: &Switches) -> Value {
    if switches.token_expires_in_as_string {
        json!(switches.token_life_s.to_string())
    } else {
        json!(switches.token_life_s)
    }
}
