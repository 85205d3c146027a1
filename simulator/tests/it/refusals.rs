//! Calls Defender refuses for what they ask.

use crate::bench::{Bench, id, ids, unknown_id};
use crate::http::Answer;
use serde_json::json;
use simulator::UnknownListed;

fn refused(answer: &Answer) -> (u16, String) {
    let target = answer.json()["error"]["target"].clone();
    assert!(target.as_str().is_some_and(|target| !target.is_empty()), "{}", answer.body);
    (answer.status, answer.code())
}

#[tokio::test]
async fn one_unknown_machine_fails_the_whole_call() {
    let bench = Bench::start().await;
    let answer = bench.add("vip", &[id(1), unknown_id(1), id(2), unknown_id(2), unknown_id(1)]).await;
    assert_eq!(refused(&answer), (400, "InvalidInput".to_owned()));
    let expected = format!("MachineIds do not exist: {},{}", unknown_id(1), unknown_id(2));
    assert_eq!(answer.message(), expected);
    assert!(bench.simulator.machines().is_empty());
}

#[tokio::test]
async fn the_answer_to_unknown_machines_can_be_told_less_and_otherwise() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.unknown_listed = UnknownListed::First;
        switches.unknown_status = 404;
        switches.unknown_code = "ResourceNotFound".to_owned();
    });
    let answer = bench.add("vip", &[unknown_id(1), unknown_id(2)]).await;
    assert_eq!(refused(&answer), (404, "ResourceNotFound".to_owned()));
    assert_eq!(answer.message(), format!("MachineIds do not exist: {}", unknown_id(1)));
    bench.simulator.switch(|switches| switches.unknown_listed = UnknownListed::None);
    assert!(!bench.add("vip", &[unknown_id(1)]).await.message().contains("dead"));
}

#[tokio::test]
async fn which_machines_are_unknown_can_be_said() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.unknown_prefix = None;
        switches.unknown = [id(1)].into();
    });
    assert_eq!(bench.add("vip", &[unknown_id(1)]).await.status, 200);
    assert_eq!(bench.add("vip", &[id(1)]).await.status, 400);
    assert_eq!(bench.add("vip", &["not-an-id".to_owned()]).await.status, 400);
}

#[tokio::test]
async fn a_call_of_more_than_five_hundred_is_refused() {
    let bench = Bench::start().await;
    let answer = bench.add("vip", &ids(501)).await;
    assert_eq!(refused(&answer), (400, "MaximumBatchSizeExceeded".to_owned()));
    assert_eq!(answer.message(), "Received: 501, allowed: 500.");
    assert!(bench.simulator.machines().is_empty());
}

#[tokio::test]
async fn a_machine_of_the_wrong_kind_is_refused_without_its_name() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.refused_machines = [id(1)].into());
    let answer = bench.add("vip", &ids(2)).await;
    assert_eq!(refused(&answer), (400, "OsPlatformNotSupported".to_owned()));
    assert!(!answer.message().contains(&id(1)));
    assert_eq!(bench.add("vip", &[id(0)]).await.status, 200);
}

#[tokio::test]
async fn naming_a_machine_twice_can_be_refused() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.duplicates_refused = true);
    assert_eq!(refused(&bench.add("vip", &[id(0), id(0)]).await), (400, "InvalidInput".to_owned()));
}

#[tokio::test]
async fn the_field_names_are_exact_and_all_required() {
    let bench = Bench::start().await;
    let cases = [
        (json!({"value": "vip", "Action": "Add", "MachineIds": ids(1)}), "MissingRequiredParameter"),
        (json!({"Value": "vip", "MachineIds": ids(1)}), "MissingRequiredParameter"),
        (json!({"Value": "vip", "Action": "Add", "MachineIds": null}), "MissingRequiredParameter"),
        (json!({"Value": 7, "Action": "Add", "MachineIds": ids(1)}), "InvalidRequestBody"),
        (json!({"Value": "vip", "Action": "Add", "MachineIds": [7]}), "InvalidRequestBody"),
        (
            json!({"Value": "vip", "Action": "Add", "MachineIds": ids(1), "Reason": "why"}),
            "InvalidRequestBody",
        ),
        (json!(["vip"]), "InvalidRequestBody"),
        (json!({"Value": "vip", "Action": "add", "MachineIds": ids(1)}), "InvalidInput"),
        (json!({"Value": " ", "Action": "Add", "MachineIds": ids(1)}), "InvalidInput"),
        (json!({"Value": "vip", "Action": "Add", "MachineIds": []}), "InvalidInput"),
    ];
    for (body, code) in cases {
        let answer = bench.post(&body.to_string()).await.unwrap();
        assert_eq!(refused(&answer), (400, code.to_owned()), "{body}");
    }
    assert!(bench.simulator.machines().is_empty());
}
