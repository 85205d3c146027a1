//! `GET /v1/health`: whether the process answers. It touches nothing outside.

use axum::Json;
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Answers anybody.
pub(in crate::http) async fn get() -> Response {
    Json(json!({ "status": "ok" })).into_response()
}
