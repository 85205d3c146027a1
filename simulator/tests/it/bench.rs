//! A simulator with time in the test's hands.

use crate::http::{Answer, send};
use serde_json::json;
use simulator::{Options, Simulator};
use std::io::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) const TENANT: &str = "11111111-1111-1111-1111-111111111111";
pub(crate) const CLIENT: &str = "22222222-2222-2222-2222-222222222222";
pub(crate) const PROOF: &str = "anything at all";
pub(crate) const SCOPE: &str = "https://api.securitycenter.microsoft.com/.default";

/// A full hour of the epoch, so that fixed windows start here.
pub(crate) const START_MS: u64 = 1_800_000_000_000;

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    now_ms: Arc<AtomicU64>,
    token: String,
}

impl Bench {
    /// With a token in hand.
    pub(crate) async fn start() -> Self {
        let now_ms = Arc::new(AtomicU64::new(START_MS));
        let clock = now_ms.clone();
        let options = Options {
            port: 0,
            clock: Arc::new(move || clock.load(Ordering::SeqCst)),
            tenant_id: TENANT.to_owned(),
            client_id: CLIENT.to_owned(),
            client_secret: PROOF.to_owned(),
        };
        let simulator = Simulator::start(options).await.unwrap();
        let mut bench = Self { simulator, now_ms, token: String::new() };
        bench.sign_in().await;
        bench
    }

    pub(crate) async fn sign_in(&mut self) {
        let answer = self.ask_token(&[]).await.unwrap();
        answer.json()["access_token"].as_str().unwrap().clone_into(&mut self.token);
    }

    /// A token request, right but for these fields; an empty value leaves the field out.
    pub(crate) async fn ask_token(&self, changes: &[(&str, &str)]) -> Result<Answer, Error> {
        self.ask_token_of(TENANT, changes).await
    }

    pub(crate) async fn ask_token_of(&self, tenant: &str, changes: &[(&str, &str)]) -> Result<Answer, Error> {
        let right = [
            ("grant_type", "client_credentials"),
            ("client_id", CLIENT),
            ("client_secret", PROOF),
            ("scope", SCOPE),
        ];
        let unchanged = right.iter().filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
        let fields = unchanged.chain(changes).filter(|(_, value)| !value.is_empty());
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        send(&self.simulator.url(), &format!("POST /{tenant}/oauth2/v2.0/token"), &headers, &form).await
    }

    pub(crate) fn at(&self, ms: u64) {
        self.now_ms.store(START_MS + ms, Ordering::SeqCst);
    }

    pub(crate) async fn add(&self, tag: &str, machines: &[String]) -> Answer {
        self.try_tag(tag, "Add", machines).await.unwrap()
    }

    pub(crate) async fn remove(&self, tag: &str, machines: &[String]) -> Answer {
        self.try_tag(tag, "Remove", machines).await.unwrap()
    }

    pub(crate) async fn try_tag(&self, tag: &str, action: &str, ids: &[String]) -> Result<Answer, Error> {
        self.post(&json!({"Value": tag, "Action": action, "MachineIds": ids}).to_string()).await
    }

    pub(crate) async fn post(&self, body: &str) -> Result<Answer, Error> {
        let token = format!("Bearer {}", self.token);
        self.post_as(&[("authorization", &token), ("content-type", "application/json")], body).await
    }

    pub(crate) async fn post_to(&self, path: &str, body: &str) -> Answer {
        let token = format!("Bearer {}", self.token);
        let headers = [("authorization", token.as_str()), ("content-type", "application/json")];
        send(&self.simulator.url(), &format!("POST {path}"), &headers, body).await.unwrap()
    }

    pub(crate) async fn post_as(&self, headers: &[(&str, &str)], body: &str) -> Result<Answer, Error> {
        let request = "POST /api/machines/AddOrRemoveTagForMultipleMachines";
        send(&self.simulator.url(), request, headers, body).await
    }

    pub(crate) async fn sim(&self, request: &str, body: &str) -> Answer {
        let headers = [("content-type", "application/json")];
        send(&self.simulator.url(), request, &headers, body).await.unwrap()
    }
}

/// The n-th machine.
pub(crate) fn id(n: usize) -> String {
    format!("{n:040x}")
}

/// So many different machines.
pub(crate) fn ids(count: usize) -> Vec<String> {
    (0..count).map(id).collect()
}

/// The n-th machine Defender does not know.
pub(crate) fn unknown_id(n: usize) -> String {
    format!("dead{n:036x}")
}
