//! `GetSecretValue`. Source: AWS, Secrets Manager API reference.

use serde_json::{Value, json};

use crate::reply::Reply;
use crate::state::SharedSite;

pub(super) fn answer(site: &SharedSite, body: &[u8]) -> Reply {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let arn = asked["SecretId"].as_str().unwrap_or_default();
    match site.state().secrets.get(arn) {
        Some(text) => Reply::json(200, json!({"ARN": arn, "Name": "simulated", "SecretString": text})),
        None => Reply::json(
            400,
            json!({"__type": "ResourceNotFoundException", "Message": "Secrets Manager can't find the specified secret."}),
        ),
    }
}
