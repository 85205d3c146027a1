use bytes::Bytes;
use http::{HeaderMap, HeaderValue};
use secrecy::SecretString;
use serde_json::json;

use super::authenticity::Authenticity;
use super::config::{FIELDS, parse_scheme};
use super::keys::WeakSecret;
use super::unverified::{NotVerified, Unverified};
use crate::config::read_config;
use crate::domain::Timestamp;

/// Source: RFC 4231, test case 2; GitHub shows the same in "Validating webhook deliveries".
const KEY: &str = "Jefe";
const BODY: &str = "what do ya want for nothing?";
const HEX: &str = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
const NOW_S: i64 = 1_614_265_330;

fn proof_with(
    verify: &serde_json::Value,
    keys: &[&str],
    headers: &[(&'static str, &str)],
    body: &'static str,
) -> Result<Authenticity, NotVerified> {
    let scheme =
        read_config(&verify.to_string(), |verify| parse_scheme(&verify.object(&FIELDS, "a scheme")?))
            .unwrap();
    let keys: Vec<_> = keys.iter().map(|key| SecretString::from(*key)).collect();
    let keys = scheme.keys(&keys, WeakSecret::Allowed).unwrap();
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.append(*name, HeaderValue::from_str(value).unwrap());
    }
    let unverified = Unverified::new(map, Bytes::from_static(body.as_bytes()));
    scheme.prove(&unverified, &keys, Timestamp::from_second(NOW_S))
}

#[test]
fn the_published_vectors_of_hmac_sha_256_are_verified_in_each_form() {
    let forms = [
        (json!({ "scheme": "github" }), "x-hub-signature-256", format!("sha256={HEX}")),
        (json!({ "scheme": "pagerduty" }), "x-pagerduty-signature", format!("v1={HEX}")),
        (
            json!({ "scheme": "pagerduty" }),
            "x-pagerduty-signature",
            format!("v2=00,v1={},v1={HEX}", "0".repeat(64)),
        ),
        (json!({ "scheme": "grafana" }), "x-grafana-alerting-signature", HEX.to_uppercase()),
        (json!({ "scheme": "hmac", "header": "X-Mine", "prefix": "p:" }), "x-mine", format!("p:{HEX}")),
    ];
    for (verify, header, signature) in forms {
        let proof = |keys: &[&str], body| proof_with(&verify, keys, &[(header, &signature)], body);
        assert!(proof(&[KEY], BODY).is_ok(), "{verify}");
        assert!(proof(&["another", KEY], BODY).is_ok(), "either of two keys: {verify}");
        assert_eq!(proof(&["another"], BODY), Err(NotVerified::WrongSignature), "{verify}");
        assert_eq!(proof(&[KEY], "what do ya want for something?"), Err(NotVerified::WrongSignature));
    }
}

/// Source: standardwebhooks.com, specification, "Signature scheme", and the tests of its libraries.
#[test]
fn the_published_vector_of_standard_webhooks_is_verified() {
    let headers = [
        ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
        ("webhook-timestamp", "1614265330"),
        ("webhook-signature", "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="),
    ];
    let verify = json!({ "scheme": "standard_webhooks" });
    let proof = |headers: &[(&'static str, &str)]| {
        proof_with(&verify, &["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"], headers, "{\"test\": 2432232314}")
    };
    let id = match proof(&headers) {
        Ok(Authenticity::Signature { id, dated: true, .. }) => id,
        other => panic!("{other:?}"),
    };
    assert_eq!(id.as_deref(), Some("msg_p5jXN8AQM9LWM0D4loKWxJek"));
    for (place, text) in
        [(0, "msg_other"), (1, "1614265331"), (2, "v1a,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")]
    {
        let mut changed = headers;
        changed[place].1 = text;
        assert_eq!(proof(&changed), Err(NotVerified::WrongSignature), "{text}");
    }
}

#[test]
fn the_time_of_a_wrong_signature_is_not_looked_at() {
    let verify = json!({ "scheme": "grafana", "timestamp_header": "x-time" });
    let stale = [("x-grafana-alerting-signature", HEX), ("x-time", "1")];
    assert_eq!(proof_with(&verify, &[KEY], &stale, BODY), Err(NotVerified::WrongSignature));
}

#[test]
fn times_are_read_in_seconds_and_milliseconds() {
    let verify = json!({ "scheme": "hmac", "header": "x-sig", "timestamp_header": "x-time", "signed": "timestamp.body" });
    for time in [NOW_S.to_string(), (NOW_S * 1000).to_string()] {
        let mut code =
            <::hmac::Hmac<sha2::Sha256> as ::hmac::KeyInit>::new_from_slice(KEY.as_bytes()).unwrap();
        ::hmac::Mac::update(&mut code, format!("{time}.{BODY}").as_bytes());
        let signature = ::hex::encode(::hmac::Mac::finalize(code).into_bytes());
        let proof = proof_with(&verify, &[KEY], &[("x-sig", &signature), ("x-time", &time)], BODY);
        assert!(matches!(proof, Ok(Authenticity::Signature { dated: true, .. })), "{time}: {proof:?}");
    }
}

#[test]
fn a_shared_secret_is_proof_of_who_and_of_nothing_else() {
    let headers = [("x-key", KEY)];
    let proof = proof_with(&json!({ "scheme": "header", "header": "X-Key" }), &["x", KEY], &headers, BODY);
    assert_eq!(proof, Ok(Authenticity::SharedSecret));
}
