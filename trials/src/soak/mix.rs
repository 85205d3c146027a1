//! The mix of senders: native requests for one machine, and signed webhooks of several products.

use defender_tag_relay::domain::Timestamp;
use fastrand::Rng;
use lambda_runtime::Error;
use local::events;
use local::loopback::KEY;
use reqwest::{Client, Response};
use serde_json::{Value, json};
use simulator::history::TagChange;

/// Webhooks in the mix: one for each way of signing that dates a delivery or gives it an id.
const HOOKS: [&str; 6] = ["pagerduty", "tines", "grafana", "elastic", "splunk", "shuffle"];
/// One of this many requests is a webhook.
const HOOK_IN: u8 = 4;
/// Tags of native requests.
const TAGS: [&str; 3] = ["vip", "isolate", "watch"];
/// Machines that native requests are about.
const MACHINES: usize = 5_000;
/// One of this many machines is unknown to Defender.
const UNKNOWN_IN: u8 = 50;

/// Sends one request of the mix to the relay at this address.
pub(super) async fn send_one(
    http: &Client,
    url: &str,
    rng: &mut Rng,
    sources: &str,
    now: Timestamp,
) -> Result<Response, Error> {
    if rng.u8(..HOOK_IN) > 0 {
        return Ok(send_native(http, url, rng).await?);
    }
    let event = events::ready(&format!("hooks/{}.json", HOOKS[rng.usize(..HOOKS.len())]), sources, now)?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut post = http.post(format!("{url}{}", text(&event["rawPath"]))).body(text(&event["body"]));
    for (name, value) in event["headers"].as_object().into_iter().flatten() {
        if name != "host" {
            post = post.header(name, text(value));
        }
    }
    Ok(post.send().await?)
}

async fn send_native(http: &Client, url: &str, rng: &mut Rng) -> Result<Response, reqwest::Error> {
    let number = rng.usize(1..=MACHINES);
    let machine =
        if rng.u8(..UNKNOWN_IN) == 0 { format!("dead{number:036x}") } else { format!("{number:040x}") };
    let action = if rng.u8(..4) > 0 { "Add" } else { "Remove" };
    let body = json!({ "Value": TAGS[rng.usize(..TAGS.len())], "Action": action, "MachineIds": [machine] });
    let post = http.post(format!("{url}/v1/tag-requests")).bearer_auth(KEY).json(&body);
    let post = if rng.bool() { post.header("prefer", "respond-async") } else { post };
    post.send().await
}

/// The requests in the body of a 200 or 202, with their ids.
pub(super) fn requests_in(answer: &Value) -> Vec<(String, TagChange)> {
    let several = answer["requests"].as_array();
    let each = several.map_or_else(|| vec![answer], |several| several.iter().collect());
    each.into_iter().filter_map(read_request).collect()
}

fn read_request(request: &Value) -> Option<(String, TagChange)> {
    let machines = request["machines"].as_array()?.iter();
    let machines = machines.filter_map(|machine| machine["id"].as_str().map(str::to_owned)).collect();
    let asked =
        TagChange { tag: request["value"].as_str()?.to_owned(), add: request["action"] == "Add", machines };
    Some((request["id"].as_str()?.to_owned(), asked))
}
