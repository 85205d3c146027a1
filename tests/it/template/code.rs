//! `template.yaml` checked against the code: environment, routes, table, time-outs, metrics.

use std::collections::BTreeSet;

use defender_tag_relay::config::{RESPOND_WITHIN_MS_MAX, Settings};
use defender_tag_relay::defender::CALL_TIMEOUT_MS;
use defender_tag_relay::domain::budget::COUNTED_WITHIN_S;
use defender_tag_relay::logging::{METRICS, NAMESPACE};
use defender_tag_relay::store::LEASE_MS;
use local::loopback::TABLE;
use serde_json::{Value, json};

use crate::support::template::{names, resources, template};
use crate::support::{Fixture, runbook};

/// Milliseconds from one schedule to the next.
const MINUTE_MS: u64 = 60_000;

#[test]
fn the_functions_environment_is_what_the_settings_read() {
    let template = template();
    let function = &resources(&template, "AWS::Serverless::Function")[0].1;
    let mut named = names(&function["Environment"]["Variables"]);
    // The SDK's own; below those that name a file, and Lambda's own.
    named.retain(|name| !name.starts_with("AWS_ENDPOINT_URL_"));
    let mut read = Settings::variables();
    for other in ["SOURCES_FILE", "TENANTS_FILE", "AWS_LAMBDA_FUNCTION_NAME"] {
        assert!(read.remove(other), "{other}");
    }
    assert_eq!(named, read);
    assert_eq!(
        (&function["Handler"], &function["Runtime"]),
        (&json!("bootstrap"), &json!("provided.al2023"))
    );
}

#[test]
fn every_parameter_is_described_used_and_shown() {
    let template = template();
    let text = std::fs::read_to_string("template.yaml").unwrap();
    let groups = &template["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"];
    let shown = groups.as_array().unwrap().iter().flat_map(|group| group["Parameters"].as_array().unwrap());
    let shown: BTreeSet<_> = shown.map(|name| name.as_str().unwrap()).collect();
    assert_eq!(shown, names(&template["Parameters"]));
    for (name, parameter) in template["Parameters"].as_object().unwrap() {
        assert!(parameter["Description"].as_str().is_some_and(|text| text.len() > 20), "{name}");
        assert!(text.contains(&format!("!Ref {name}")), "{name} is not used");
    }
}

/// Every text in what stands under the key `Tags`, wherever that is.
fn tags(under: &Value, found: &mut BTreeSet<String>, is_tag: bool) {
    match under {
        Value::Object(members) => {
            for (name, member) in members {
                found.extend(is_tag.then(|| name.clone()));
                tags(member, found, is_tag || name == "Tags");
            }
        }
        Value::Array(items) => items.iter().for_each(|item| tags(item, found, is_tag)),
        Value::String(text) => found.extend(is_tag.then(|| text.clone())),
        _ => {}
    }
}

#[test]
fn tags_have_only_characters_that_aws_takes() {
    let mut found = BTreeSet::new();
    tags(&template()["Resources"], &mut found, false);
    let is_taken = |c: char| c.is_alphanumeric() || " _.:/=+-@".contains(c);
    assert!(found.contains("kept"), "{found:?}");
    assert_eq!(
        found.iter().filter(|text| !text.chars().all(is_taken)).collect::<Vec<_>>(),
        Vec::<&String>::new()
    );
}

#[test]
fn the_time_outs_fit_each_other() {
    let template = template();
    let (rest, http) = (
        &resources(&template, "AWS::Serverless::Api")[0].1,
        &resources(&template, "AWS::Serverless::HttpApi")[0].1,
    );
    let function = &resources(&template, "AWS::Serverless::Function")[0].1;
    let function_ms = function["Timeout"].as_u64().unwrap() * 1000;
    let answer_ms = template["Parameters"]["RespondWithinMs"]["MaxValue"].as_u64().unwrap();
    assert_eq!(answer_ms, u64::from(RESPOND_WITHIN_MS_MAX));
    for path in [rest, http].iter().flat_map(|api| api["DefinitionBody"]["paths"].as_object().unwrap()) {
        let integration = &path.1["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"];
        let api_ms = integration["timeoutInMillis"].as_u64().unwrap();
        assert!(answer_ms < api_ms && api_ms < function_ms, "{}", path.0);
    }
    let ms = |ms: i64| u64::try_from(ms).unwrap();
    let lease_ms = ms(LEASE_MS);
    let attempt_ms = ms(CALL_TIMEOUT_MS + COUNTED_WITHIN_S * 1000);
    assert!(attempt_ms < lease_ms && attempt_ms < function_ms, "a call fits into both");
    assert!(lease_ms < MINUTE_MS, "a lease that a crash left is over when the next minute's schedule comes");
}

#[tokio::test]
async fn the_table_is_the_one_the_tests_run_on() {
    let template = template();
    let table = &resources(&template, "AWS::DynamoDB::Table")[0].1;
    let fixture = Fixture::new().await;
    let dynamodb = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let ours = dynamodb.describe_table().table_name(TABLE).send().await.unwrap().table.unwrap();
    let keys = |schema: &[aws_sdk_dynamodb::types::KeySchemaElement]| {
        let key = |key: &aws_sdk_dynamodb::types::KeySchemaElement| json!({ "AttributeName": key.attribute_name(), "KeyType": key.key_type().as_str() });
        Value::from(schema.iter().map(key).collect::<Vec<_>>())
    };
    assert_eq!(table["KeySchema"], keys(ours.key_schema()));
    let index = &ours.local_secondary_indexes()[0];
    assert_eq!(table["LocalSecondaryIndexes"][0]["KeySchema"], keys(index.key_schema()));
    assert_eq!(table["LocalSecondaryIndexes"][0]["IndexName"], index.index_name().unwrap());
    assert_eq!(table["TimeToLiveSpecification"]["AttributeName"], "expiresAt");
    let ttl = dynamodb.describe_time_to_live().table_name(TABLE).send().await.unwrap();
    assert_eq!(ttl.time_to_live_description.unwrap().attribute_name(), Some("expiresAt"));
}

#[test]
fn every_alarm_looks_at_a_metric_there_is_and_has_its_page_and_its_test() {
    let template = template();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let pages = runbook::pages();
    let mut without_alarm: BTreeSet<_> = pages.keys().map(String::as_str).collect();
    for (name, alarm) in &alarms {
        let metric = alarm["MetricName"].as_str().unwrap();
        let own = alarm["Namespace"] == NAMESPACE;
        assert!(!own || METRICS.iter().any(|known| known.name == metric), "{name}: {metric}");
        assert!(!own || alarm["Dimensions"][0]["Name"] == "Function", "{name}");
        let told = json!(["HasAlarmTopic", ["AlarmTopicArn"], "AWS::NoValue"]);
        assert_eq!([&alarm["AlarmActions"], &alarm["OKActions"]], [&told; 2], "{name}");
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (_, page) = description.split_once("docs/runbook.md#").expect(name);
        let test = pages.get(page).unwrap_or_else(|| panic!("{name}: docs/runbook.md has no {page}"));
        without_alarm.remove(page);
        assert!(test.as_ref().is_none_or(|test| runbook::is_a_test(test)), "{name}: {test:?}");
        let shown = test.as_ref().is_some_and(|test| runbook::counts(&runbook::body_of(test), metric));
        assert!(!own || shown, "{name}: {test:?} does not count {metric}");
    }
    assert_eq!(without_alarm, BTreeSet::new(), "pages without an alarm");
}

#[test]
fn the_dashboard_shows_only_metrics_there_are_and_misses_none() {
    let template = template();
    let body = resources(&template, "AWS::CloudWatch::Dashboard")[0].1["DashboardBody"].clone();
    let body: Value = serde_json::from_str(body.as_str().unwrap()).unwrap();
    let widgets = body["widgets"].as_array().unwrap().iter();
    let metrics = widgets.flat_map(|widget| widget["properties"]["metrics"].as_array().unwrap());
    let own = metrics.filter(|metric| metric[0] == NAMESPACE);
    let shown: BTreeSet<_> = own.map(|metric| metric[1].as_str().unwrap()).collect();
    let alarms = resources(&template, "AWS::CloudWatch::Alarm");
    let watched = alarms.iter().filter_map(|(_, alarm)| alarm["MetricName"].as_str());
    let known: BTreeSet<_> = METRICS.iter().map(|metric| metric.name).collect();
    assert_eq!(shown.difference(&known).collect::<Vec<_>>(), Vec::<&&str>::new());
    let seen: BTreeSet<_> = shown.into_iter().chain(watched).collect();
    assert_eq!(known.difference(&seen).collect::<Vec<_>>(), [&"AcceptedMachines"], "nobody looks at it");
}
