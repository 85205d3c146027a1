//! Entra, Defender, DynamoDB and Secrets Manager, failed in every way in which a connection or an answer can fail.

use super::harness::FaultHarness;
use super::page::expected_for;
use super::{AT_ONCE, Dependency, DependencyFault, each_alone};
use crate::support::{FixedAnswer, NetworkFault, sample};

/// Faults that end at once.
const QUICK: [DependencyFault; 15] = [
    DependencyFault::Network(NetworkFault::Refused),
    DependencyFault::Network(NetworkFault::ResetUnread),
    DependencyFault::Network(NetworkFault::ResetRead),
    DependencyFault::Network(NetworkFault::ResetCarriedOut),
    DependencyFault::Network(NetworkFault::Truncated),
    DependencyFault::Network(NetworkFault::LengthTooLong),
    DependencyFault::Network(NetworkFault::LengthTooShort),
    DependencyFault::Network(NetworkFault::NotJson),
    DependencyFault::Network(NetworkFault::Huge),
    DependencyFault::Network(NetworkFault::Endless),
    DependencyFault::Network(NetworkFault::Status(500)),
    DependencyFault::Network(NetworkFault::Status(503)),
    DependencyFault::Network(NetworkFault::NotHttp),
    DependencyFault::Certificate,
    DependencyFault::Name,
];
/// How many faults of a test a normal run checks.
const SAMPLE: usize = 3;
/// Faults that last until a time-out.
const SLOW: [DependencyFault; 3] = [
    DependencyFault::Network(NetworkFault::Silent),
    DependencyFault::Network(NetworkFault::SlowHeaders),
    DependencyFault::Network(NetworkFault::SlowBody),
];

const fn says(status: u16, body: &'static str) -> DependencyFault {
    DependencyFault::Network(NetworkFault::Answers(FixedAnswer { status, retry_after_s: None, body }))
}

/// A 429 that asks to wait.
const fn asks_to_wait(body: &'static str) -> DependencyFault {
    DependencyFault::Network(NetworkFault::Answers(FixedAnswer {
        status: 429,
        retry_after_s: Some(30),
        body,
    }))
}

/// Checks the relay against what the page says of these faults in the row that names the test. A normal run checks some
/// of them.
fn survives_all(dependency: Dependency, faults: &[DependencyFault], test: &str) {
    let expected = expected_for(test);
    let faults = sample(faults, SAMPLE);
    each_alone(&faults, AT_ONCE, async |fault| FaultHarness::survives(dependency, fault, expected).await);
}

#[test]
fn an_entra_that_fails_in_any_way_loses_nothing() {
    survives_all(Dependency::Entra, &QUICK, "an_entra_that_fails_in_any_way_loses_nothing");
}

#[test]
fn an_entra_that_hangs_loses_nothing() {
    survives_all(Dependency::Entra, &SLOW, "an_entra_that_hangs_loses_nothing");
}

/// Source: Microsoft, "Microsoft Entra authentication and authorization error codes", AADSTS90055.
#[test]
fn an_entra_that_throttles_loses_nothing() {
    let body =
        r#"{"error":"temporarily_unavailable","error_description":"AADSTS90055","error_codes":[90055]}"#;
    survives_all(Dependency::Entra, &[asks_to_wait(body)], "an_entra_that_throttles_loses_nothing");
}

#[test]
fn an_entra_that_refuses_the_app_loses_nothing() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222","error_codes":[7000222]}"#;
    survives_all(Dependency::Entra, &[says(401, body)], "an_entra_that_refuses_the_app_loses_nothing");
}

#[test]
fn a_defender_that_fails_in_any_way_loses_nothing() {
    survives_all(Dependency::Defender, &QUICK, "a_defender_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_defender_that_hangs_loses_nothing() {
    survives_all(Dependency::Defender, &SLOW, "a_defender_that_hangs_loses_nothing");
}

#[test]
fn a_defender_that_throttles_loses_nothing() {
    let body = r#"{"error":{"code":"TooManyRequests","message":"Slow down.","target":"|1."}}"#;
    survives_all(Dependency::Defender, &[asks_to_wait(body)], "a_defender_that_throttles_loses_nothing");
}

#[test]
fn a_defender_that_refuses_the_app_loses_nothing() {
    let faults = [
        says(401, r#"{"error":{"code":"Unauthorized","message":"No.","target":"|1."}}"#),
        says(403, r#"{"error":{"code":"Forbidden","message":"No.","target":"|1."}}"#),
    ];
    survives_all(Dependency::Defender, &faults, "a_defender_that_refuses_the_app_loses_nothing");
}

/// A front door, a proxy or a wrong address says nothing about machines.
#[test]
fn a_4xx_that_is_not_defenders_own_judges_no_machine_and_loses_nothing() {
    let faults =
        [says(400, "<html>"), says(404, "<html>"), says(404, ""), says(405, ""), says(451, "<html>")];
    survives_all(
        Dependency::Defender,
        &faults,
        "a_4xx_that_is_not_defenders_own_judges_no_machine_and_loses_nothing",
    );
}

#[test]
fn a_table_that_fails_in_any_way_loses_nothing() {
    survives_all(Dependency::DynamoDb, &QUICK, "a_table_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_table_that_hangs_loses_nothing() {
    survives_all(Dependency::DynamoDb, &SLOW, "a_table_that_hangs_loses_nothing");
}

/// Source: AWS, DynamoDB, "Error handling".
#[test]
fn a_table_that_throttles_or_refuses_loses_nothing() {
    let faults = [
        says(
            400,
            r#"{"__type":"com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException","message":"Slow down."}"#,
        ),
        says(
            400,
            r#"{"__type":"com.amazon.coral.availability#ThrottlingException","message":"Rate exceeded."}"#,
        ),
        says(
            400,
            r#"{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"Not authorized."}"#,
        ),
    ];
    survives_all(Dependency::DynamoDb, &faults, "a_table_that_throttles_or_refuses_loses_nothing");
}

#[test]
fn a_secrets_manager_that_fails_in_any_way_loses_nothing() {
    survives_all(Dependency::SecretsManager, &QUICK, "a_secrets_manager_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_secrets_manager_that_hangs_loses_nothing() {
    survives_all(Dependency::SecretsManager, &SLOW, "a_secrets_manager_that_hangs_loses_nothing");
}

/// Source: AWS, Secrets Manager API reference, "Common errors".
#[test]
fn a_secrets_manager_that_throttles_or_refuses_loses_nothing() {
    let faults = [
        says(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
        says(400, r#"{"__type":"AccessDeniedException","Message":"Not authorized."}"#),
    ];
    let test = "a_secrets_manager_that_throttles_or_refuses_loses_nothing";
    survives_all(Dependency::SecretsManager, &faults, test);
}

#[test]
fn a_dependency_that_is_down_for_long_is_asked_less_and_less_often_and_loses_nothing() {
    let expected =
        expected_for("a_dependency_that_is_down_for_long_is_asked_less_and_less_often_and_loses_nothing");
    let dependencies = [Dependency::Entra, Dependency::Defender, Dependency::SecretsManager];
    let dependencies = sample(&dependencies, 1);
    each_alone(&dependencies, AT_ONCE, async |dependency| {
        FaultHarness::survives_long(dependency, expected).await;
    });
}

#[test]
fn a_400_or_404_of_entra_or_secrets_manager_loses_nothing() {
    let expected = expected_for("a_400_or_404_of_entra_or_secrets_manager_loses_nothing");
    each_alone(&[400, 404], AT_ONCE, async |status| {
        let fault = DependencyFault::Network(NetworkFault::Status(status));
        FaultHarness::survives(Dependency::Entra, fault, expected).await;
        FaultHarness::survives(Dependency::SecretsManager, fault, expected).await;
    });
}
