//! Doubles of AWS: Secrets Manager and the Security Token Service, which hold or give an app's credential, and the Runtime
//! API of Lambda.
//!
//! The first two are asked with `POST /`; the header `X-Amz-Target` tells them apart. Signatures are not looked at.

mod identity;
pub mod runtime_api;
mod secrets;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;

use crate::state::SharedSite;

pub(crate) fn routes() -> Router<SharedSite> {
    Router::new().route("/", post(answer))
}

async fn answer(State(site): State<SharedSite>, headers: HeaderMap, body: Bytes) -> Response {
    match headers.get("x-amz-target") {
        Some(_) => secrets::answer(&site, &body).into_response(),
        None => identity::answer(&site, &body),
    }
}
