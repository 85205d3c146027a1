//! `template.yaml`: the two APIs in front of the function, their own answers, and the firewall.

use std::collections::BTreeSet;

use defender_tag_relay::http::Code;
use local::events;
use serde_json::{Value, json};

use crate::support::Fixture;
use crate::support::template::{names, resources, template};

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
    let fixture = Fixture::new().await;
    let mut event = events::load("add-rest.json").unwrap();
    event["requestContext"]["stage"] = rest["StageName"].clone();
    event["resource"] = json!("/{proxy+}");
    assert_eq!(fixture.play(event).await.status, 200, "a REST API's stage is no part of the route");
}

/// Checks that an answer asks the sender to send again later.
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
        let answer = &answers[name];
        let headers = &answers[name]["responseParameters"];
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
