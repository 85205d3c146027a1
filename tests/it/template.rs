//! `template.yaml` against the code: environment, routes, table, time-outs, metrics.

use std::collections::BTreeSet;

use defender_tag_relay::config::{RESPOND_WITHIN_MS_MAX, Settings};
use defender_tag_relay::defender::CALL_TIMEOUT_MS;
use defender_tag_relay::domain::budget::COUNTED_WITHIN_S;
use defender_tag_relay::http::Code;
use defender_tag_relay::logging::{METRICS, NAMESPACE};
use defender_tag_relay::store::LEASE_MS;
use local::events;
use local::loopback::TABLE;
use serde_json::{Value, json};

use crate::support::template::{resources, template};
use crate::support::{World, runbook};

/// Milliseconds from one schedule to the next.
const MINUTE_MS: u64 = 60_000;

/// Each of the gateway's own answers: the type, the status, the code of its problem.
const GATEWAY_ANSWERS: [(&str, u16, &str); 5] = [
    ("DEFAULT_5XX", 503, "not_answered"),
    ("INTEGRATION_FAILURE", 503, "not_answered"),
    ("INTEGRATION_TIMEOUT", 503, "not_answered"),
    ("REQUEST_TOO_LARGE", 413, "body_too_large"),
    ("THROTTLED", 503, "too_many_at_once"),
];

/// The codes that only the gateway answers with.
pub fn gateways_codes() -> BTreeSet<&'static str> {
    let codes = GATEWAY_ANSWERS.iter().map(|(_, _, code)| *code);
    codes.filter(|code| Code::ALL.iter().all(|own| own.name() != *code)).collect()
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

/// What an answer says to somebody who may send again.
fn assert_says_later(problem: &Value, code: &str) {
    assert_eq!((problem["status"].as_u64(), &problem["code"]), (Some(503), &json!(code)));
    assert!(problem["detail"].as_str().unwrap().contains("Retry-After"), "{problem}");
}

#[test]
fn what_the_rest_api_itself_answers_is_a_problem_and_later_means_503() {
    let template = template();
    let rest = &resources(&template, "AWS::Serverless::Api")[0].1;
    let answers = &rest["DefinitionBody"]["x-amazon-apigateway-gateway-responses"];
    assert_eq!(names(answers), GATEWAY_ANSWERS.iter().map(|(name, ..)| *name).collect());
    for (name, status, code) in GATEWAY_ANSWERS {
        let (answer, headers) = (&answers[name], &answers[name]["responseParameters"]);
        assert_eq!(answer["statusCode"], status.to_string(), "{name}");
        assert_eq!(headers["gatewayresponse.header.Content-Type"], "'application/problem+json'", "{name}");
        let problem = answer["responseTemplates"]["application/json"].as_str().unwrap();
        let problem: Value = serde_json::from_str(problem).unwrap();
        assert_eq!(names(&problem), ["code", "detail", "requestId", "status", "title"].into(), "{name}");
        assert_eq!((problem["status"].as_u64(), &problem["code"]), (Some(status.into()), &json!(code)));
        if status == 503 {
            assert_says_later(&problem, code);
            assert_eq!(headers["gatewayresponse.header.Retry-After"], "'5'", "{name}");
        }
    }
}

#[test]
fn a_flood_at_the_firewall_is_told_to_come_later_and_a_stranger_is_not() {
    let template = template();
    let firewall = &resources(&template, "AWS::WAFv2::WebACL")[0].1;
    let rate = &firewall["Rules"][0];
    let answer = &rate["Action"]["Block"]["CustomResponse"];
    assert_eq!((&rate["Name"], &answer["ResponseCode"]), (&json!("rate"), &json!(503)));
    assert_eq!(answer["ResponseHeaders"], json!([{ "Name": "Retry-After", "Value": "60" }]));
    let body = &firewall["CustomResponseBodies"][answer["CustomResponseBodyKey"].as_str().unwrap()];
    assert_says_later(&serde_json::from_str(body["Content"].as_str().unwrap()).unwrap(), "too_many_at_once");
    let strangers = &firewall["Rules"][1][1];
    assert_eq!((&strangers["Name"], &strangers["Action"]), (&json!("strangers"), &json!({ "Block": {} })));
}

/// The firewall belongs to one stage, and so do throttle and access log.
#[test]
fn there_is_one_stage_and_only_it_may_invoke_the_function() {
    let template = template();
    let rest = &resources(&template, "AWS::Serverless::Api")[0].1;
    assert_eq!(
        rest["OpenApiVersion"], rest["DefinitionBody"]["openapi"],
        "without it SAM makes a second stage"
    );
    let permissions = resources(&template, "AWS::Lambda::Permission");
    let (_, rests) = permissions.iter().find(|(name, _)| name == "RestApiMayInvoke").unwrap();
    assert!(rests["SourceArn"].as_str().unwrap().ends_with(":${RestApi}/${RestApi.Stage}/*"), "{rests}");
    let (_, firewall) = &resources(&template, "AWS::WAFv2::WebACLAssociation")[0];
    assert!(firewall["ResourceArn"].as_str().unwrap().ends_with("/stages/${RestApi.Stage}"), "{firewall}");
}

#[test]
fn no_access_log_has_the_path_or_the_query() {
    let template = template();
    for (kind, settings) in
        [("AWS::Serverless::Api", "AccessLogSetting"), ("AWS::Serverless::HttpApi", "AccessLogSettings")]
    {
        let format = resources(&template, kind)[0].1[settings]["Format"].as_str().unwrap().to_owned();
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let variables = format.split('$').skip(1).map(|rest| rest.split(|c| !is_name(c)).next().unwrap());
        let harmless = [
            "context.httpMethod",
            "context.identity.sourceIp",
            "context.integration.requestId",
            "context.requestId",
            "context.requestTimeEpoch",
            "context.responseLatency",
            "context.responseLength",
            "context.status",
        ];
        assert_eq!(variables.collect::<BTreeSet<_>>(), harmless.into(), "{kind}");
    }
}

#[test]
fn addresses_are_not_let_in_by_a_firewall_that_is_not_there() {
    let template = template();
    let rule = &template["Rules"]["AllowedCidrsByTheFirewall"];
    assert_eq!(rule["RuleCondition"], json!([["FirewallAllowedCidrs", ""]]), "if there are any");
    assert_eq!(rule["Assertions"][0]["Assert"], json!(["Firewall", "true"]));
    let rest_only = &template["Rules"]["FirewallOnRest"];
    assert_eq!(rest_only["RuleCondition"], json!(["Firewall", "true"]));
    assert_eq!(rest_only["Assertions"][0]["Assert"], json!(["ApiType", "rest"]));
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

/// What a service's client can be asked for that the relay could come to need, by the folder that asks.
const SDK_CALLS: [(&str, &str, &[&str]); 3] = [
    (
        "src/store",
        "dynamodb",
        &[
            "put_item",
            "get_item",
            "update_item",
            "delete_item",
            "query",
            "scan",
            "batch_get_item",
            "batch_write_item",
            "transact_get_items",
            "transact_write_items",
            "describe_table",
        ],
    ),
    ("src/secrets", "secretsmanager", &["get_secret_value", "batch_get_secret_value", "describe_secret"]),
    ("src/entra", "sts", &["get_web_identity_token", "get_caller_identity", "assume_role"]),
];

fn sources_under(folder: &std::path::Path) -> String {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let text = |path: std::path::PathBuf| {
        if path.is_dir() { sources_under(&path) } else { std::fs::read_to_string(path).unwrap() }
    };
    entries.map(text).collect()
}

fn pascal(name: &str) -> String {
    let word = |word: &str| word[..1].to_uppercase() + &word[1..];
    name.split('_').map(word).collect()
}

/// The statements of the function's role, with what they allow.
fn statements() -> Vec<(Value, Vec<String>)> {
    let template = template();
    let roles = resources(&template, "AWS::IAM::Role");
    let (_, role) = roles.iter().find(|(name, _)| name == "RelayRole").unwrap();
    let all = role["Policies"][0]["PolicyDocument"]["Statement"].as_array().unwrap();
    // A statement with a condition is the second of three: the condition's name, it, nothing.
    let plain =
        |statement: &Value| if statement.is_array() { statement[1].clone() } else { statement.clone() };
    let text = |action: &Value| action.as_str().unwrap().to_owned();
    let actions = |statement: &Value| match &statement["Action"] {
        Value::Array(actions) => actions.iter().map(text).collect(),
        one => vec![text(one)],
    };
    all.iter().map(plain).map(|statement| (statement.clone(), actions(&statement))).collect()
}

#[test]
fn the_role_may_do_what_the_code_asks_for_and_nothing_else() {
    let allowed: BTreeSet<_> = statements().into_iter().flat_map(|(_, actions)| actions).collect();
    for (folder, service, calls) in SDK_CALLS {
        let source = sources_under(folder.as_ref());
        let made = calls.iter().filter(|call| source.contains(&format!(".{call}()")));
        // A transaction is allowed by what is in it, and in the relay's are puts.
        let action = |call: &str| pascal(call).replace("TransactWriteItems", "PutItem");
        let made: BTreeSet<_> = made.map(|call| format!("{service}:{}", action(call))).collect();
        let may = allowed.iter().filter(|action| action.starts_with(&format!("{service}:")));
        assert_eq!(may.cloned().collect::<BTreeSet<_>>(), made, "{folder}");
    }
}

#[test]
fn the_index_may_only_be_queried_and_the_table_may_not() {
    let on = |resource: &str| {
        let all = statements().into_iter();
        all.filter(|(statement, _)| statement["Resource"] == resource)
            .flat_map(|(_, actions)| actions)
            .collect::<Vec<_>>()
    };
    assert_eq!(on("${Table.Arn}/index/backlog"), vec!["dynamodb:Query"]);
    assert_eq!(on("Table.Arn"), vec!["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"]);
}

#[test]
fn an_identity_may_be_asked_for_the_audiences_of_the_one_tenant_or_of_the_several() {
    let statements = statements();
    let (identity, _) = statements.iter().find(|(_, actions)| actions[0].starts_with("sts:")).unwrap();
    let audiences = &identity["Condition"]["ForAllValues:StringEquals"]["sts:IdentityTokenAudience"];
    assert_eq!(*audiences, json!(["HasTenants", "TenantAudiences", "FederatedAudience"]));
    assert_eq!(template()["Parameters"]["TenantAudiences"]["Type"], "CommaDelimitedList");
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
    let (lease_ms, attempt_ms) = (ms(LEASE_MS), ms(CALL_TIMEOUT_MS + COUNTED_WITHIN_S * 1000));
    assert!(attempt_ms < lease_ms && attempt_ms < function_ms, "a call fits into both");
    assert!(lease_ms < MINUTE_MS, "a lease that a crash left is over when the next minute's schedule comes");
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
