//! `template.yaml` against the code: environment, routes, table, time-outs, metrics.

use std::collections::BTreeSet;

use defender_tag_relay::config::{RESPOND_WITHIN_MS_MAX, Settings};
use defender_tag_relay::logging::{METRICS, NAMESPACE};
use local::events;
use local::loopback::TABLE;
use serde_json::{Value, json};

use crate::support::{World, runbook};

/// The template, its short forms of functions read as what they are given.
fn template() -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string("template.yaml").unwrap()).unwrap()
}

fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    let of_kind = resources.filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name.clone(), resource["Properties"].clone())).collect()
}

fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}

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

#[tokio::test]
async fn both_apis_pass_every_path_to_the_function_which_knows_its_routes() {
    let template = template();
    let rest = &resources(&template, "AWS::Serverless::Api")[0].1;
    let http = &resources(&template, "AWS::Serverless::HttpApi")[0].1;
    assert_eq!(names(&rest["DefinitionBody"]["paths"]), ["/", "/{proxy+}"].into());
    assert_eq!(names(&http["DefinitionBody"]["paths"]), ["/$default"].into());
    for path in [rest, http].iter().flat_map(|api| api["DefinitionBody"]["paths"].as_object().unwrap()) {
        let integration = &path.1["x-amazon-apigateway-any-method"]["x-amazon-apigateway-integration"];
        assert_eq!(integration["type"], "aws_proxy", "{}", path.0);
        assert!(integration["uri"].to_string().contains("RelayFunction.Arn"), "{}", path.0);
    }
    let world = World::new().await;
    let mut event = events::load("add-rest.json").unwrap();
    event["requestContext"]["stage"] = rest["StageName"].clone();
    event["resource"] = json!("/{proxy+}");
    assert_eq!(world.play(event).await.status, 200, "a REST API's stage is no part of the route");
}

#[test]
fn a_flood_at_the_rest_api_is_a_503_with_retry_after() {
    let template = template();
    let rest = &resources(&template, "AWS::Serverless::Api")[0].1;
    for (name, answer) in rest["DefinitionBody"]["x-amazon-apigateway-gateway-responses"].as_object().unwrap()
    {
        assert_eq!(answer["statusCode"], "503", "{name}");
        let problem = answer["responseTemplates"]["application/json"].as_str().unwrap();
        let problem: Value = serde_json::from_str(problem).unwrap();
        assert_eq!(names(&problem), ["code", "detail", "requestId", "status", "title"].into(), "{name}");
        assert_eq!(answer["responseParameters"]["gatewayresponse.header.Retry-After"], "'5'", "{name}");
    }
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
}

#[tokio::test]
async fn the_table_is_the_one_the_tests_run_on() {
    let template = template();
    let table = &resources(&template, "AWS::DynamoDB::Table")[0].1;
    let world = World::new().await;
    let dynamodb = local::aws::clients(&world.loopback.engine.url()).dynamodb;
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
        let (metric, own) = (alarm["MetricName"].as_str().unwrap(), alarm["Namespace"] == NAMESPACE);
        assert!(!own || METRICS.iter().any(|known| known.name == metric), "{name}: {metric}");
        assert!(!own || alarm["Dimensions"][0]["Name"] == "Function", "{name}");
        let description = alarm["AlarmDescription"].as_str().unwrap();
        let (_, page) = description.split_once("docs/runbook.md#").expect(name);
        let test = pages.get(page).unwrap_or_else(|| panic!("{name}: docs/runbook.md has no {page}"));
        without_alarm.remove(page);
        assert!(!own || test.is_some(), "{name}: no test");
        assert!(test.as_ref().is_none_or(|test| runbook::is_a_test(test)), "{name}: {test:?}");
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
