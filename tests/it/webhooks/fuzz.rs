//! Verification and reading against random inputs: a few hundred for each property in a normal run.
//! `PROPTEST_CASES=500000 cargo test --release --test it webhooks::fuzz` tries two million in all.

use std::sync::LazyLock;

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::Bytes;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::inbound::{Sources, Unverified, Verified, allow_all, read};
use local::{events, sign, sources};
use proptest::prelude::*;
use serde_json::Value;
use standardwebhooks::Webhook;

use crate::support::property_config;

const NOW_S: i64 = 1_800_000_000;
const MACHINES_AT_MOST: u32 = 300;

/// A delivery as it travels.
#[derive(Clone, Debug, PartialEq, Eq)]
struct SignedDelivery {
    source: String,
    headers: Vec<(String, Vec<u8>)>,
    token: Option<String>,
    body: Vec<u8>,
}

struct GoodDeliveries {
    configuration: Value,
    sources: Sources,
    deliveries: Vec<SignedDelivery>,
}

fn now() -> Timestamp {
    Timestamp::from_second(NOW_S)
}

/// One valid delivery for each file of `events/hooks/`.
static GOOD: LazyLock<GoodDeliveries> = LazyLock::new(|| {
    let configuration = sources::fresh();
    let sources = Sources::parse(&configuration.to_string()).unwrap();
    let files = events::described().unwrap().into_iter().map(|described| described.file);
    let deliveries = files.filter(|file| file.starts_with("hooks/")).map(|file| {
        let event = events::load(&file).unwrap();
        let source = event["rawPath"].as_str().unwrap().strip_prefix("/v1/hooks/").unwrap();
        let body = events::filled(event["body"].as_str().unwrap(), now());
        signed(&configuration, source, body.into_bytes())
    });
    let deliveries = deliveries.collect();
    GoodDeliveries { configuration, sources, deliveries }
});

fn signed(configuration: &Value, source: &str, body: Vec<u8>) -> SignedDelivery {
    let proof = sign::sign(sources::find(configuration, source).unwrap(), &body, now()).unwrap();
    let headers = proof.headers.into_iter().map(|(name, value)| (name, value.into_bytes()));
    SignedDelivery { source: source.into(), headers: headers.collect(), token: proof.path_token, body }
}

fn verify(delivery: &SignedDelivery) -> Option<Verified> {
    let mut headers = HeaderMap::new();
    for (name, value) in &delivery.headers {
        headers.append(name.parse::<HeaderName>().ok()?, HeaderValue::from_bytes(value).ok()?);
    }
    let unverified = Unverified::new(headers, Bytes::from(delivery.body.clone()));
    let unverified = unverified.with_path_token(delivery.token.clone());
    Verified::by_scheme(&unverified, GOOD.sources.find(&delivery.source)?, now()).ok()
}

/// Changes some bytes at one place.
fn change(bytes: &mut Vec<u8>, (kind, place, byte): (u8, prop::sample::Index, u8)) {
    let at = if bytes.is_empty() { 0 } else { place.index(bytes.len()) };
    match kind % 6 {
        0 if !bytes.is_empty() => bytes[at] ^= 1 << (byte % 8),
        1 if !bytes.is_empty() => bytes[at] = byte,
        2 => bytes.insert(at, byte),
        3 if !bytes.is_empty() => drop(bytes.remove(at)),
        4 => bytes.truncate(at),
        _ => bytes.extend(bytes.clone().into_iter().take(4096)),
    }
}

type ByteChange = (u8, prop::sample::Index, u8);

fn changes() -> impl Strategy<Value = (prop::sample::Index, Vec<(u8, ByteChange)>)> {
    (any::<prop::sample::Index>(), prop::collection::vec(any::<(u8, ByteChange)>(), 1..4))
}

/// The meaning of the credentials. Capital digits and spaces at the ends make no difference.
fn meaning(delivery: &SignedDelivery, signs: bool) -> Vec<String> {
    let header = |(_, value): &(String, Vec<u8>)| {
        let text = String::from_utf8_lossy(value).trim().to_owned();
        if signs { text.to_lowercase() } else { text }
    };
    delivery.headers.iter().map(header).collect()
}

proptest! {
    #![proptest_config(property_config())]

    #[test]
    fn nothing_that_was_changed_on_its_way_is_verified((seed, changes) in changes()) {
        let good = &GOOD.deliveries[seed.index(GOOD.deliveries.len())];
        let mut changed = good.clone();
        for (part, change_by) in changes {
            let parts = changed.headers.len() + 2;
            match usize::from(part) % parts {
                0 => change(&mut changed.body, change_by),
                1 => {
                    let mut token = changed.token.clone().unwrap_or_default().into_bytes();
                    change(&mut token, change_by);
                    changed.token = String::from_utf8(token).ok();
                }
                header => change(&mut changed.headers[header - 2].1, change_by),
            }
        }
        let Some(verified) = verify(&changed) else { return Ok(()) };
        let verify = &sources::find(&GOOD.configuration, &good.source).unwrap()["verify"];
        let scheme = verify["scheme"].as_str().unwrap();
        let signs = !["bearer", "basic", "header", "path_token"].contains(&scheme);
        prop_assert_eq!(&changed.token, &good.token);
        if signs {
            prop_assert_eq!(&changed.body, &good.body, "{}", scheme);
        }
        for (is, was) in meaning(&changed, signs).into_iter().zip(meaning(good, signs)) {
            let known = is == was
                || (scheme == "pagerduty" && is.split(',').any(|one| one.trim() == was))
                || (scheme == "standard_webhooks" && is.split(' ').any(|one| one == was))
                || (["bearer", "basic"].contains(&scheme)
                    && is.split_once(' ').map(|(_, key)| key.trim()) == was.split_once(' ').map(|(_, key)| key));
            prop_assert!(known, "{}: {} was {}", scheme, is, was);
        }
        let _ = read(&verified, MACHINES_AT_MOST, now());
    }

    #[test]
    fn whatever_is_read_stands_in_the_body_and_within_the_policy((seed, changes) in changes(), more in ".{0,40}") {
        let good = &GOOD.deliveries[seed.index(GOOD.deliveries.len())];
        let mut body = good.body.clone();
        for (part, change_by) in changes {
            change(&mut body, change_by);
            if part % 8 == 0 {
                let at = change_by.1.index(body.len() + 1);
                body.splice(at..at, more.bytes());
            }
        }
        let delivery = signed(&GOOD.configuration, &good.source, body.clone());
        let verified = verify(&delivery).unwrap();
        let Ok(found) = read(&verified, MACHINES_AT_MOST, now()) else { return Ok(()) };
        let text = String::from_utf8_lossy(&body).to_lowercase();
        prop_assert!(found.asked.len() <= 10);
        prop_assert!(found.asked.iter().map(|asked| asked.machines.len()).sum::<usize>() <= 300);
        for machine in found.asked.iter().flat_map(|asked| &asked.machines) {
            prop_assert!(text.contains(&machine.to_string()) || text.contains("\\u"), "{} is made up", machine);
        }
        let policy = &sources::find(&GOOD.configuration, &good.source).unwrap()["allow"];
        for allowed in allow_all(&verified, found.asked).into_iter().flatten() {
            let (_, tag, action, _, _) = allowed.into_parts();
            let tags = policy["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap());
            let is_in = |pattern: &str| match pattern.strip_suffix('*') {
                Some(beginning) => tag.as_str().starts_with(beginning),
                None => tag.as_str() == pattern,
            };
            prop_assert!(tags.into_iter().any(is_in), "{}", tag);
            prop_assert!(policy["actions"].as_array().unwrap().iter().any(|known| known == action.as_str()));
        }
    }

    #[test]
    fn arbitrary_bytes_verify_nothing(body: Vec<u8>, value in "[ -~]{0,80}", name in "[a-z-]{1,20}", token in ".{0,40}") {
        for source in GOOD.sources.iter() {
            let good = GOOD.deliveries.iter().find(|delivery| delivery.source == source.name.as_str());
            let names = good.map(|good| good.headers.clone()).unwrap_or_default();
            let headers = names.into_iter().map(|(name, _)| name).chain([name.clone()]);
            let headers = headers.map(|name| (name, value.clone().into_bytes())).collect();
            let (source, token) = (source.name.to_string(), Some(token.clone()).filter(|token| !token.is_empty()));
            let verified = verify(&SignedDelivery { source, headers, token, body: body.clone() });
            prop_assert!(verified.is_none());
        }
    }

    /// The makers' own library is the oracle: the relay verifies what it signs, and nothing that it does not verify.
    #[test]
    fn standard_webhooks_are_verified_as_by_their_makers_library(
        body in ".{0,200}", id in "[!-~]{1,40}", age_s in -280i64..280, changes in prop::collection::vec(any::<(u8, ByteChange)>(), 0..3),
    ) {
        let now = defender_tag_relay::clock::Clock::system().now();
        let tines = sources::find(&GOOD.configuration, "tines").unwrap();
        let oracle = Webhook::new(tines["verify"]["secrets"][0].as_str().unwrap()).unwrap();
        let time = now.second() - age_s;
        let signature = oracle.sign(&id, time, body.as_bytes()).unwrap();
        let mut parts = [id.into_bytes(), time.to_string().into_bytes(), signature.into_bytes(), body.into_bytes()];
        let untouched = changes.is_empty();
        for (part, change_by) in changes {
            change(&mut parts[usize::from(part) % 4], change_by);
        }
        let [id, time, signature, body] = parts;
        let mut headers = HeaderMap::new();
        for (name, value) in [("webhook-id", id), ("webhook-timestamp", time), ("webhook-signature", signature)] {
            let Ok(value) = HeaderValue::from_bytes(&value) else { return Ok(()) };
            headers.insert(HeaderName::from_static(name), value);
        }
        let theirs = oracle.verify(&body, &headers).is_ok();
        let source = GOOD.sources.find("tines").unwrap();
        let ours = Verified::by_scheme(&Unverified::new(headers, Bytes::from(body)), source, now).is_ok();
        prop_assert!(theirs || !ours, "we verify what they do not");
        prop_assert!(ours || !untouched, "we refuse what they have signed");
    }
}
