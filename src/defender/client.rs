//! The client of Defender.
//!
//! Invariant: one permit, at most one request on the wire. The permit is checked again when the connection is
//! ready, just before the first byte is written.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;

use super::answer;
use super::permitted_body::PermittedBody;
use crate::clock::Clock;
use crate::domain::budget::Permit;
use crate::domain::{Action, CallError, CallResult, MachineId, Tag};

/// Milliseconds a call may take: longer than the ten seconds within which it is counted.
pub const CALL_TIMEOUT_MS: i64 = 15_000;

/// The path of the call. Source: Microsoft, "Add or remove a tag for multiple machines".
const PATH: &str = "/api/machines/AddOrRemoveTagForMultipleMachines";

/// What one call carries.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// The tag.
    pub tag: &'a Tag,
    /// What is done with it.
    pub action: Action,
    /// On which machines.
    pub machines: &'a [MachineId],
}

/// What became of a call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Defender answered, or the call failed on the way to it.
    Answered(CallResult),
    /// The permit was too old when the connection was ready; nothing was sent.
    PermitTooOld,
}

/// A client of one Defender host.
#[derive(Clone, Debug)]
pub struct Defender {
    http: reqwest::Client,
    url: String,
    clock: Clock,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct CallBody<'a> {
    value: &'a str,
    action: &'a str,
    machine_ids: Vec<String>,
}

impl Defender {
    /// A client of the Defender at this base address.
    pub fn new(http: reqwest::Client, base: &str, clock: Clock) -> Self {
        Self { http, url: format!("{base}{PATH}"), clock }
    }

    /// Makes one call with one permit.
    pub async fn send(&self, call: Call<'_>, token: &SecretString, permit: Permit) -> Sent {
        let Some((json, bearer)) = body_and_bearer(call, token) else {
            return Sent::Answered(Err(unsendable()));
        };
        let (body, watch) = PermittedBody::new(json, permit, self.clock.clone());
        let request = self
            .http
            .post(&self.url)
            .header(AUTHORIZATION, bearer)
            .header(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .timeout(Duration::from_millis(CALL_TIMEOUT_MS.unsigned_abs()))
            .body(reqwest::Body::wrap(body));
        match request.send().await {
            Ok(response) => Sent::Answered(answer::read(response, call.machines).await),
            Err(_) if watch.is_stopped() => Sent::PermitTooOld,
            Err(error) => Sent::Answered(Err(CallError::Unavailable {
                why: crate::outbound::describe(&error),
                may_still_apply: watch.has_started(),
                retry_after_s: None,
            })),
        }
    }
}

fn body_and_bearer(call: Call<'_>, token: &SecretString) -> Option<(Vec<u8>, HeaderValue)> {
    let machine_ids = call.machines.iter().map(ToString::to_string).collect();
    let body = CallBody { value: call.tag.as_str(), action: call.action.as_str(), machine_ids };
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret())).ok()?;
    bearer.set_sensitive(true);
    Some((serde_json::to_vec(&body).ok()?, bearer))
}

fn unsendable() -> CallError {
    CallError::NoToken { why: "Entra's token is not fit for a header".into() }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicI64;

    use tokio::io::AsyncReadExt;
    use tokio::net::TcpListener;

    use super::*;

    #[tokio::test]
    async fn a_permit_that_is_too_old_when_the_connection_is_ready_leaves_the_wire_untouched() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let received = tokio::spawn(async move {
            let (mut connection, _) = listener.accept().await.unwrap();
            let mut bytes = Vec::new();
            connection.read_to_end(&mut bytes).await.unwrap();
            bytes
        });
        let clock = Clock::manual(Arc::new(AtomicI64::new(1_003_000)));
        let defender = Defender::new(crate::outbound::http_client().unwrap(), &url, clock);
        let tag = Tag::parse("vip").unwrap();
        let machines = [MachineId::from_bytes([1; 20])];
        let call = Call { tag: &tag, action: Action::Add, machines: &machines };
        let sent = defender.send(call, &"t".into(), Permit { second: 1_000 }).await;
        assert_eq!(sent, Sent::PermitTooOld);
        drop(defender);
        assert_eq!(received.await.unwrap(), b"");
    }
}
