//! The routes under `/_sim`.

use crate::bench::{Bench, id, ids};
use serde_json::json;
use simulator::Switches;

#[tokio::test]
async fn switches_are_read_replaced_and_changed() {
    let bench = Bench::start().await;
    let defaults = serde_json::to_value(Switches::default()).unwrap();
    assert_eq!(bench.sim("GET /_sim/switches", "").await.json(), defaults);
    assert_eq!(bench.sim("PUT /_sim/switches", r#"{"down": true}"#).await.json()["down"], true);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 503);
    let changed = bench.sim("PATCH /_sim/switches", r#"{"html_errors": true}"#).await.json();
    assert_eq!((&changed["down"], &changed["html_errors"]), (&json!(true), &json!(true)));
    assert_eq!(bench.sim("PUT /_sim/switches", "{}").await.json(), defaults);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 200);
}

#[tokio::test]
async fn a_switch_that_does_not_exist_is_refused_by_name() {
    let bench = Bench::start().await;
    for request in ["PUT /_sim/switches", "PATCH /_sim/switches"] {
        let answer = bench.sim(request, r#"{"donw": true}"#).await;
        assert_eq!(answer.status, 422);
        assert!(answer.body.contains("donw"), "{}", answer.body);
    }
}

#[tokio::test]
async fn faults_are_queued_over_http() {
    let bench = Bench::start().await;
    let faults = r#"{"calls": [{"fault": "too_many_requests", "retry_after_s": 9}, {"fault": "unlisted"}],
                     "tokens": [{"fault": "status", "status": 401, "error": "invalid_client", "aadsts": 7000222}]}"#;
    let waiting = bench.sim("POST /_sim/faults", faults).await;
    assert_eq!((waiting.status, waiting.json()), (200, json!({"calls": 2, "tokens": 1})));
    assert_eq!(bench.add("vip", &ids(1)).await.header("retry-after"), Some("9"));
    assert!(bench.add("vip", &ids(1)).await.listed().is_empty());
    assert_eq!(bench.ask_token(&[]).await.unwrap().json()["error_codes"], json!([7_000_222]));
    let unknown = bench.sim("POST /_sim/faults", r#"{"calls": [{"fault": "earthquake"}]}"#).await;
    assert_eq!(unknown.status, 422);
}

#[tokio::test]
async fn what_happened_is_told() {
    let bench = Bench::start().await;
    bench.add("vip", &ids(1)).await;
    bench.at(60_001);
    bench.remove("vip", &ids(1)).await;
    let arrivals = bench.sim("GET /_sim/arrivals", "").await.json();
    assert_eq!((&arrivals[0]["value"], &arrivals[1]["action"]), (&json!("vip"), &json!("Remove")));
    assert_eq!(bench.sim("GET /_sim/machines", "").await.json(), json!({id(0): []}));
    let windows = json!({"most_in_60_s": 1, "most_in_3600_s": 2, "arrivals": 2, "token_requests": 1});
    assert_eq!(bench.sim("GET /_sim/windows", "").await.json(), windows);
}

#[tokio::test]
async fn tokens_expire_and_everything_is_forgotten_on_request() {
    let mut bench = Bench::start().await;
    assert_eq!(bench.sim("POST /_sim/expire-tokens", "").await.status, 204);
    assert_eq!(bench.add("vip", &ids(1)).await.status, 401);
    bench.sign_in().await;
    bench.sim("PUT /_sim/switches", r#"{"calls_per_minute": 1}"#).await;
    bench.add("vip", &ids(1)).await;
    assert_eq!(bench.sim("POST /_sim/reset", "").await.status, 204);
    assert!(bench.simulator.arrivals().is_empty() && bench.simulator.machines().is_empty());
    assert_eq!(bench.simulator.token_requests(), 0);
    bench.sign_in().await;
    assert_eq!(bench.add("vip", &ids(1)).await.status, 200);
}
