//! Calls that succeed.

use crate::bench::{Bench, START_MS, id, ids};
use serde_json::json;
use simulator::{Arrival, Listed};
use std::collections::BTreeSet;

#[tokio::test]
async fn a_call_tags_every_machine_and_lists_it() {
    let bench = Bench::start().await;
    let answer = bench.add("vip", &ids(2)).await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.header("content-type"), Some("application/json"));
    assert_eq!(answer.listed(), ids(2));
    let body = answer.json();
    assert_eq!(body["@odata.context"], "https://api.security.microsoft.com/api/$metadata#Machines");
    assert_eq!(body["value"][0]["machineTags"], json!(["vip"]));
    let required = ["computerDnsName", "lastSeen", "healthStatus", "osPlatform", "riskScore"];
    assert!(required.iter().all(|name| body["value"][0][name].is_string()), "{body}");
    assert_eq!(bench.simulator.tags_of(&id(1)), BTreeSet::from(["vip".to_owned()]));
}

#[tokio::test]
async fn removing_leaves_the_machine_with_its_other_tags() {
    let bench = Bench::start().await;
    bench.add("vip", &ids(1)).await;
    bench.add("isolated", &ids(1)).await;
    assert_eq!(bench.remove("vip", &ids(1)).await.status, 200);
    assert_eq!(bench.simulator.tags_of(&id(0)), BTreeSet::from(["isolated".to_owned()]));
    bench.remove("isolated", &ids(1)).await;
    assert!(bench.simulator.machines()[&id(0)].is_empty());
}

#[tokio::test]
async fn what_is_already_so_and_what_is_named_twice_do_no_harm() {
    let bench = Bench::start().await;
    bench.add("vip", &ids(1)).await;
    let answer = bench.add("vip", &[id(0), id(0)]).await;
    assert_eq!((answer.status, answer.listed()), (200, ids(1)));
    assert_eq!(bench.remove("absent", &ids(1)).await.status, 200);
    assert!(bench.simulator.tags_of(&id(7)).is_empty());
}

#[tokio::test]
async fn five_hundred_machines_fit() {
    let bench = Bench::start().await;
    assert_eq!(bench.add("vip", &ids(500)).await.listed().len(), 500);
}

#[tokio::test]
async fn the_list_can_be_of_the_changed_machines_only() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.listed = Listed::OnlyChanged);
    bench.add("vip", &ids(1)).await;
    assert_eq!(bench.add("vip", &ids(2)).await.listed(), [id(1)]);
}

#[tokio::test]
async fn a_machine_can_be_tagged_and_yet_not_listed() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.unlisted = [id(0)].into());
    assert_eq!(bench.add("vip", &ids(2)).await.listed(), [id(1)]);
    assert!(bench.simulator.tags_of(&id(0)).contains("vip"));
}

#[tokio::test]
async fn the_case_of_a_tag_matters_unless_switched_off() {
    let bench = Bench::start().await;
    bench.add("vip", &ids(1)).await;
    bench.add("VIP", &ids(1)).await;
    assert_eq!(bench.simulator.tags_of(&id(0)).len(), 2);
    bench.simulator.switch(|switches| switches.tag_case_matters = false);
    bench.remove("Vip", &ids(1)).await;
    assert!(bench.simulator.tags_of(&id(0)).is_empty());
}

#[tokio::test]
async fn every_call_is_on_record_in_order() {
    let bench = Bench::start().await;
    bench.add("vip", &ids(2)).await;
    bench.at(5);
    bench.post_as(&[], "not JSON").await.unwrap();
    let first = Arrival {
        counted_at_ms: START_MS,
        received_at_ms: START_MS,
        value: "vip".to_owned(),
        action: "Add".to_owned(),
        machine_ids: ids(2),
        status: 200,
        listed: ids(2),
    };
    let arrivals = bench.simulator.arrivals();
    assert_eq!(arrivals[0], first);
    assert_eq!((arrivals[1].received_at_ms, arrivals[1].status), (START_MS + 5, 401));
    assert!(arrivals[1].listed.is_empty());
    assert_eq!(arrivals.len(), 2);
}

#[tokio::test]
async fn another_route_is_not_found() {
    let bench = Bench::start().await;
    let answer = bench.sim("POST /api/machines/anything/else", "{}").await;
    assert_eq!((answer.status, answer.code().as_str()), (404, "NotFound"));
    assert!(bench.simulator.arrivals().is_empty());
}

#[tokio::test]
async fn one_machine_can_be_tagged_by_its_own_address_and_that_counts_too() {
    let bench = Bench::start().await;
    let path = format!("/api/machines/{}/tags", id(3));
    let answer = bench.post_to(&path, r#"{"Value": "vip", "Action": "Add"}"#).await;
    assert_eq!((answer.status, &answer.json()["id"]), (200, &json!(id(3))));
    assert_eq!(bench.simulator.tags_of(&id(3)), BTreeSet::from(["vip".to_owned()]));
    assert_eq!(bench.simulator.arrivals().len(), 1);
}
