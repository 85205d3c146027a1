//! The embedded engine, over HTTP as the relay meets it: what the relay's writes and reads depend on.

use crate::http::{Answer, send};
use serde_json::{Value, json};
use simulator::dynamodb::{Engine, Storage};
use std::path::PathBuf;

const TABLE: &str = "relay";

async fn engine() -> Engine {
    let engine = Engine::start(0, Storage::Memory).await.unwrap();
    engine.create_table(TABLE).unwrap();
    engine
}

async fn ask(engine: &Engine, action: &str, mut body: Value) -> Answer {
    body["TableName"] = json!(TABLE);
    call(engine, action, &body).await
}

async fn call(engine: &Engine, action: &str, body: &Value) -> Answer {
    let target = format!("DynamoDB_20120810.{action}");
    let credential = "AWS4-HMAC-SHA256 Credential=a/20270101/eu-west-1/dynamodb/aws4_request, SignedHeaders=host, Signature=a";
    let headers = [
        ("content-type", "application/x-amz-json-1.0"),
        ("x-amz-target", target.as_str()),
        ("x-amz-date", "20270101T000000Z"),
        ("authorization", credential),
    ];
    let (address, key) = address_and_key(engine);
    send(&address, &format!("POST /{key}/"), &headers, &body.to_string()).await.unwrap()
}

/// The two parts of the engine's address.
fn address_and_key(engine: &Engine) -> (String, String) {
    let url = engine.url();
    let (address, key) = url.rsplit_once('/').unwrap();
    (address.to_owned(), key.to_owned())
}

fn key(sort: &str) -> Value {
    json!({"pk": {"S": "t"}, "sk": {"S": sort}})
}

async fn put(engine: &Engine, sort: &str, queued: Option<u32>) {
    let mut item = key(sort);
    item["packed"] = json!({"B": "AAEC/w=="});
    if let Some(queued) = queued {
        item["queued"] = json!({"N": queued.to_string()});
    }
    assert_eq!(ask(engine, "PutItem", json!({"Item": item})).await.status, 200);
}

/// A page of the backlog, oldest first.
async fn backlog(engine: &Engine, limit: u32, from: &Value) -> Value {
    let mut query = json!({
        "IndexName": "backlog", "ConsistentRead": true, "Select": "ALL_ATTRIBUTES", "Limit": limit,
        "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": {":pk": {"S": "t"}},
    });
    if !from.is_null() {
        query["ExclusiveStartKey"] = from.clone();
    }
    let answer = ask(engine, "Query", query).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.json()
}

fn sorts(page: &Value) -> Vec<&str> {
    let items = page["Items"].as_array().unwrap();
    items.iter().map(|item| item["sk"]["S"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn the_table_has_the_index_and_the_time_to_live_and_is_made_once() {
    let engine = engine().await;
    engine.create_table(TABLE).unwrap();
    let table = ask(&engine, "DescribeTable", json!({})).await.json()["Table"].clone();
    let index = &table["LocalSecondaryIndexes"][0];
    assert_eq!(
        (&index["IndexName"], &index["Projection"]["ProjectionType"]),
        (&json!("backlog"), &json!("KEYS_ONLY"))
    );
    assert_eq!(table["BillingModeSummary"]["BillingMode"], "PAY_PER_REQUEST");
    let life = ask(&engine, "DescribeTimeToLive", json!({})).await.json();
    let expected = json!({"AttributeName": "expiresAt", "TimeToLiveStatus": "ENABLED"});
    assert_eq!(life["TimeToLiveDescription"], expected);
    assert_eq!(engine.database().table_count().unwrap(), 1);
}

#[tokio::test]
async fn a_failed_condition_brings_the_item() {
    let engine = engine().await;
    put(&engine, "budget", Some(7)).await;
    let update = json!({
        "Key": key("budget"), "UpdateExpression": "SET queued = queued + :n",
        "ConditionExpression": "queued < :n", "ExpressionAttributeValues": {":n": {"N": "3"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    });
    let answer = ask(&engine, "UpdateItem", update).await;
    let body = answer.json();
    assert_eq!(answer.status, 400);
    assert!(body["__type"].as_str().unwrap().ends_with("#ConditionalCheckFailedException"), "{body}");
    assert_eq!(
        (&body["Item"]["queued"]["N"], &body["Item"]["packed"]["B"]),
        (&json!("7"), &json!("AAEC/w=="))
    );
}

#[tokio::test]
async fn a_cancelled_transaction_brings_the_item_of_the_failed_check() {
    let engine = engine().await;
    put(&engine, "lease", None).await;
    let check = json!({"TableName": TABLE, "Key": key("lease"), "ConditionExpression": "attribute_not_exists(pk)",
                       "ReturnValuesOnConditionCheckFailure": "ALL_OLD"});
    let write = json!({"TableName": TABLE, "Item": key("other")});
    let items = json!({"TransactItems": [{"ConditionCheck": check}, {"Put": write}]});
    let body = call(&engine, "TransactWriteItems", &items).await.json();
    let reasons = &body["CancellationReasons"];
    assert_eq!(
        (&reasons[0]["Code"], &reasons[1]["Code"]),
        (&json!("ConditionalCheckFailed"), &json!("None"))
    );
    assert_eq!(reasons[0]["Item"]["packed"]["B"], "AAEC/w==");
    assert!(ask(&engine, "GetItem", json!({"Key": key("other")})).await.json()["Item"].is_null());
}

#[tokio::test]
async fn the_backlog_is_sparse_ordered_paged_and_whole() {
    let engine = engine().await;
    for (sort, queued) in [("c", Some(10)), ("a", Some(9)), ("b", Some(100)), ("x", None)] {
        put(&engine, sort, queued).await;
    }
    let first = backlog(&engine, 2, &Value::Null).await;
    assert_eq!(sorts(&first), ["a", "c"]);
    assert_eq!(first["Items"][0]["packed"]["B"], "AAEC/w==");
    let second = backlog(&engine, 2, &first["LastEvaluatedKey"]).await;
    assert_eq!(sorts(&second), ["b"]);
    assert!(second["LastEvaluatedKey"].is_null(), "{second}");
}

#[tokio::test]
async fn an_item_leaves_the_backlog_with_its_number() {
    let engine = engine().await;
    put(&engine, "a", Some(1)).await;
    put(&engine, "b", Some(2)).await;
    let update = json!({"Key": key("a"), "UpdateExpression": "REMOVE queued"});
    assert_eq!(ask(&engine, "UpdateItem", update).await.status, 200);
    assert_eq!(sorts(&backlog(&engine, 10, &Value::Null).await), ["b"]);
}

#[tokio::test]
async fn a_file_survives_a_restart() {
    let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("survives.sqlite");
    for suffix in ["", "-wal", "-shm"] {
        let _ = std::fs::remove_file(format!("{}{suffix}", file.display()));
    }
    let before = Engine::start(0, Storage::File(file.clone())).await.unwrap();
    before.create_table(TABLE).unwrap();
    put(&before, "a", Some(1)).await;
    before.stop().await;
    let after = Engine::start(0, Storage::File(file)).await.unwrap();
    after.create_table(TABLE).unwrap();
    assert_eq!(sorts(&backlog(&after, 10, &Value::Null).await), ["a"]);
}

#[tokio::test]
async fn a_taken_port_is_said() {
    let engine = engine().await;
    let (address, _) = address_and_key(&engine);
    let port = address.rsplit(':').next().unwrap().parse().unwrap();
    let error = Engine::start(port, Storage::Memory).await.err().expect("the port is taken");
    assert!(error.to_string().starts_with("cannot listen: "), "{error}");
}

#[tokio::test]
async fn a_web_page_reaches_neither_the_engine_nor_the_simulator() {
    let engine = engine().await;
    let (address, key) = address_and_key(&engine);
    let simulator = crate::bench::Bench::start().await;
    let page = [("origin", "https://evil.example")];
    let preflight = [page[0], ("access-control-request-method", "POST")];
    for (url, path) in
        [(&address, format!("/{key}/")), (&simulator.simulator.url(), "/_sim/reset".to_owned())]
    {
        for (method, headers) in [("OPTIONS", &preflight[..]), ("POST", &page[..])] {
            let answer = send(url, &format!("{method} {path}"), headers, "{}").await.unwrap();
            assert_eq!(answer.status, 403, "{method} {url}");
            assert_eq!(answer.header("access-control-allow-origin"), None);
        }
    }
}

#[tokio::test]
async fn the_engine_answers_nobody_who_lacks_the_key_of_its_run() {
    let engine = engine().await;
    let another = self::engine().await;
    let (address, key) = address_and_key(&engine);
    let (_, another_key) = address_and_key(&another);
    assert_ne!(key, another_key);
    let headers =
        [("x-amz-target", "DynamoDB_20120810.Scan"), ("content-type", "application/x-amz-json-1.0")];
    let scan = json!({"TableName": TABLE}).to_string();
    for path in ["/".to_owned(), format!("/{another_key}/"), format!("/{}", &key[..31])] {
        assert_eq!(
            send(&address, &format!("POST {path}"), &headers, &scan).await.unwrap().status,
            403,
            "{path}"
        );
    }
    assert_eq!(send(&address, &format!("POST /{key}"), &headers, &scan).await.unwrap().status, 200);
}
