//! `docs/openapi.json` describes what the relay does, and nothing else. `support/openapi.rs` checks every answer of every
//! other test against it too.

use std::collections::BTreeSet;

use defender_tag_relay::http::{Code, paths};
use serde_json::{Value, json};

use crate::support::openapi::{document, faults, faults_of, play, resolved};
use crate::support::{Ask, Fixture, get, machine};
use crate::template::api::gateways_codes;

/// Examples that the document has at least.
const EXAMPLES_MIN: usize = 30;

#[test]
fn every_code_is_described_with_its_status_and_no_other() {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let listed = document()["components"]["schemas"]["Code"]["enum"].as_array().unwrap();
    let names = Code::ALL.iter().map(|code| code.name()).chain(gateways_codes());
    let names: Vec<_> = names.map(str::to_owned).collect();
    assert_eq!(listed.iter().map(text).collect::<Vec<_>>(), names);

    let mut described = BTreeSet::new();
    for response in document()["components"]["responses"].as_object().unwrap().values() {
        let schema = &response["content"]["application/problem+json"]["schema"]["allOf"][1]["properties"];
        let codes = schema["code"]["enum"].as_array().cloned();
        let codes = codes.unwrap_or_else(|| schema["code"].get("const").cloned().into_iter().collect());
        described.extend(codes.iter().map(|code| (text(code), schema["status"]["const"].as_u64().unwrap())));
    }
    let known = Code::ALL.iter().map(|code| (code.name().to_owned(), u64::from(code.status().as_u16())));
    assert_eq!(described, known.collect());
}

#[tokio::test]
async fn every_route_is_described_with_its_methods_and_no_other() {
    let fixture = Fixture::new().await;
    let described = document()["paths"].as_object().unwrap();
    assert_eq!(described.keys().map(String::as_str).collect::<BTreeSet<_>>(), BTreeSet::from(paths()));
    for (path, methods) in described {
        let answer =
            get(&path.replace("{token}", "nobodys-token")).by_method("PROPFIND").send(&fixture).await;
        let taken = answer.headers["allow"].as_str().unwrap().to_lowercase();
        // A GET route answers HEAD as well; OpenAPI's tools take that for granted.
        let taken: BTreeSet<_> = taken.split(',').filter(|method| *method != "head").collect();
        assert_eq!(taken, methods.as_object().unwrap().keys().map(String::as_str).collect(), "{path}");
    }
}

/// Everything that has a schema and examples: parameters, headers and bodies.
fn examples(under: &'static Value, found: &mut Vec<(&'static Value, &'static Value)>) {
    if let Some(schema) = under.get("schema") {
        let several = under["examples"].as_object().into_iter().flat_map(|all| all.values());
        let several = several.map(|example| &resolved(example)["value"]);
        found.extend(several.chain(under.get("example")).map(|example| (schema, example)));
    }
    match under {
        Value::Object(members) => members.values().for_each(|member| examples(member, found)),
        Value::Array(items) => items.iter().for_each(|item| examples(item, found)),
        _ => {}
    }
}

#[test]
fn every_example_is_as_its_schema_says() {
    let mut found = Vec::new();
    examples(document(), &mut found);
    assert!(found.len() >= EXAMPLES_MIN, "{}", found.len());
    for (schema, example) in found {
        assert_eq!(faults(schema, example), Vec::<String>::new(), "{example}");
    }
}

#[tokio::test]
async fn every_example_of_a_request_is_accepted() {
    let fixture = Fixture::new().await;
    let mut sent = Vec::new();
    for (path, methods) in document()["paths"].as_object().unwrap() {
        let body = &methods["post"]["requestBody"]["content"]["application/json"];
        for (name, example) in body["examples"].as_object().into_iter().flatten() {
            let ask = Ask::native(&example["value"]).at_path(&path.replace("{source}", "soar"));
            let hook = |source: &str| Ask::hook(source, ask.body()).signed(&fixture);
            let answer =
                if path.ends_with("{token}") { hook(name) } else { ask.clone() }.send(&fixture).await;
            assert!([200, 202].contains(&answer.status), "{name}: {:?}", answer.body);
            sent.push(name);
        }
    }
    sent.sort();
    assert_eq!(sent, ["add", "native", "remove", "splunk"]);
}

/// Wrong answers, and the fault that must be found in each.
#[tokio::test]
async fn an_answer_that_is_not_as_described_is_noticed() {
    let fixture = Fixture::new().await;
    let event = Ask::add("vip", &[machine(1)]).at_once().event();
    let good = play(fixture.app(), event.clone()).await.unwrap();
    assert_eq!(faults_of(&event, &good), Vec::<String>::new());
    let with_body = |member: &str, value: Value| {
        let mut body: Value = serde_json::from_str(good["body"].as_str().unwrap()).unwrap();
        body[member] = value;
        json!({ "body": body.to_string() })
    };
    let without_location = {
        let mut headers = good["headers"].clone();
        headers.as_object_mut().unwrap().remove("location");
        json!({ "headers": headers })
    };
    let cases = [
        (json!({ "statusCode": 418 }), "is not answered 418"),
        (json!({ "statusCode": 200 }), "location is not described"),
        (without_location, "location is missing"),
        (json!({ "body": "" }), "null"),
        (with_body("more", 1.into()), "more"),
        (with_body("receivedAt", "today".into()), "date-time"),
        (with_body("status", "done".into()), "pending"),
    ];
    for (change, said) in cases {
        let mut answer = good.clone();
        answer.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        let faults = faults_of(&event, &answer).join("; ");
        assert!(faults.contains(said), "{change}: {faults}");
    }
}
