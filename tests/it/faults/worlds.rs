//! Entra, Defender, DynamoDB and Secrets Manager, each in each way to fail that a connection or an answer has.

use super::page::said;
use super::rough::Rough;
use super::{AT_ONCE, Fault, Outside, each_alone};
use crate::support::{Ask, Rudeness, Said, machine, retry};

/// Ways to fail that are over at once.
const QUICK: [Fault; 15] = [
    Fault::Way(Rudeness::Refused),
    Fault::Way(Rudeness::ResetUnread),
    Fault::Way(Rudeness::ResetRead),
    Fault::Way(Rudeness::ResetCarriedOut),
    Fault::Way(Rudeness::Truncated),
    Fault::Way(Rudeness::SaysMore),
    Fault::Way(Rudeness::SaysLess),
    Fault::Way(Rudeness::NotJson),
    Fault::Way(Rudeness::Huge),
    Fault::Way(Rudeness::Endless),
    Fault::Way(Rudeness::Status(500)),
    Fault::Way(Rudeness::Status(503)),
    Fault::Way(Rudeness::NotHttp),
    Fault::Certificate,
    Fault::Name,
];
/// Ways to fail that last until a time-out.
const SLOW: [Fault; 3] =
    [Fault::Way(Rudeness::Silent), Fault::Way(Rudeness::SlowHeaders), Fault::Way(Rudeness::SlowBody)];

const fn says(status: u16, body: &'static str) -> Fault {
    Fault::Way(Rudeness::Says(Said { status, retry_after_s: None, body }))
}

/// A 429 that asks to wait.
const fn asks_to_wait(body: &'static str) -> Fault {
    Fault::Way(Rudeness::Says(Said { status: 429, retry_after_s: Some(30), body }))
}

/// Holds the relay against what the page says of these faults in the row that names the test.
fn survives_all(outside: Outside, faults: &[Fault], test: &str) {
    let said = said(test);
    each_alone(faults, AT_ONCE, async |fault| Rough::survives(outside, fault, said).await);
}

#[test]
fn an_entra_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::Entra, &QUICK, "an_entra_that_fails_in_any_way_loses_nothing");
}

#[test]
fn an_entra_that_hangs_loses_nothing() {
    survives_all(Outside::Entra, &SLOW, "an_entra_that_hangs_loses_nothing");
}

/// Source: Microsoft, "Microsoft Entra authentication and authorization error codes", AADSTS90055.
#[test]
fn an_entra_that_throttles_loses_nothing() {
    let body =
        r#"{"error":"temporarily_unavailable","error_description":"AADSTS90055","error_codes":[90055]}"#;
    survives_all(Outside::Entra, &[asks_to_wait(body)], "an_entra_that_throttles_loses_nothing");
}

#[test]
fn an_entra_that_refuses_the_app_loses_nothing() {
    let body = r#"{"error":"invalid_client","error_description":"AADSTS7000222","error_codes":[7000222]}"#;
    survives_all(Outside::Entra, &[says(401, body)], "an_entra_that_refuses_the_app_loses_nothing");
}

#[test]
fn a_defender_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::Defender, &QUICK, "a_defender_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_defender_that_hangs_loses_nothing() {
    survives_all(Outside::Defender, &SLOW, "a_defender_that_hangs_loses_nothing");
}

#[test]
fn a_defender_that_throttles_loses_nothing() {
    let body = r#"{"error":{"code":"TooManyRequests","message":"Slow down.","target":"|1."}}"#;
    survives_all(Outside::Defender, &[asks_to_wait(body)], "a_defender_that_throttles_loses_nothing");
}

#[test]
fn a_defender_that_refuses_the_app_loses_nothing() {
    let faults = [
        says(401, r#"{"error":{"code":"Unauthorized","message":"No.","target":"|1."}}"#),
        says(403, r#"{"error":{"code":"Forbidden","message":"No.","target":"|1."}}"#),
    ];
    survives_all(Outside::Defender, &faults, "a_defender_that_refuses_the_app_loses_nothing");
}

/// A refusal is no outage: whoever refuses, the machine is told as rejected, and can be tried again.
#[tokio::test]
async fn a_refusal_that_is_not_defenders_own_rejects_machines_which_can_be_retried() {
    let rough = Rough::new().await;
    rough.way(Outside::Defender).be(Some(Rudeness::Status(400))).await;
    let answer = rough.ask(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, answer.outcome(0)), (200, "rejected"));
    rough.way(Outside::Defender).be(None).await;
    let again = rough.world.ask(&rough.app, &retry(&answer.id())).await;
    assert_eq!((again.status, again.outcome(0)), (200, "applied"));
}

#[test]
fn a_table_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::DynamoDb, &QUICK, "a_table_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_table_that_hangs_loses_nothing() {
    survives_all(Outside::DynamoDb, &SLOW, "a_table_that_hangs_loses_nothing");
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
    survives_all(Outside::DynamoDb, &faults, "a_table_that_throttles_or_refuses_loses_nothing");
}

#[test]
fn a_secrets_manager_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::SecretsManager, &QUICK, "a_secrets_manager_that_fails_in_any_way_loses_nothing");
}

#[test]
fn a_secrets_manager_that_hangs_loses_nothing() {
    survives_all(Outside::SecretsManager, &SLOW, "a_secrets_manager_that_hangs_loses_nothing");
}

/// Source: AWS, Secrets Manager API reference, "Common errors".
#[test]
fn a_secrets_manager_that_throttles_or_refuses_loses_nothing() {
    let faults = [
        says(400, r#"{"__type":"ThrottlingException","message":"Rate exceeded"}"#),
        says(400, r#"{"__type":"AccessDeniedException","Message":"Not authorized."}"#),
    ];
    let test = "a_secrets_manager_that_throttles_or_refuses_loses_nothing";
    survives_all(Outside::SecretsManager, &faults, test);
}

#[test]
fn a_world_that_was_away_for_long_is_asked_more_and_more_seldom_and_loses_nothing() {
    let said = said("a_world_that_was_away_for_long_is_asked_more_and_more_seldom_and_loses_nothing");
    let worlds = [Outside::Entra, Outside::Defender, Outside::SecretsManager];
    each_alone(&worlds, AT_ONCE, async |outside| Rough::survives_long(outside, said).await);
}

#[test]
fn a_400_or_404_of_any_other_world_loses_nothing() {
    let said = said("a_400_or_404_of_any_other_world_loses_nothing");
    each_alone(&[400, 404], AT_ONCE, async |status| {
        let fault = Fault::Way(Rudeness::Status(status));
        Rough::survives(Outside::Entra, fault, said).await;
        Rough::survives(Outside::SecretsManager, fault, said).await;
    });
}
