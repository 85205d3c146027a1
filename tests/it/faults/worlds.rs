//! Entra, Defender, DynamoDB and Secrets Manager, each in each way to fail that a connection has.

use futures_util::future::join_all;

use super::{Outside, Rough};
use crate::support::{Ask, Rudeness, machine, retry};

/// Ways to fail that are over at once.
const QUICK: [Rudeness; 11] = [
    Rudeness::Refused,
    Rudeness::ResetUnread,
    Rudeness::ResetRead,
    Rudeness::ResetCarriedOut,
    Rudeness::Truncated,
    Rudeness::WrongLength,
    Rudeness::NotJson,
    Rudeness::Huge,
    Rudeness::Status(500),
    Rudeness::Status(503),
    Rudeness::Tls,
];
/// Ways to fail that last until a time-out.
const SLOW: [Rudeness; 2] = [Rudeness::SlowHeaders, Rudeness::SlowBody];

async fn survives_all(outside: Outside, ways: &[Rudeness]) {
    join_all(ways.iter().map(|rudeness| Rough::survives(outside, *rudeness))).await;
}

#[tokio::test]
async fn an_entra_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::Entra, &QUICK).await;
}

#[tokio::test]
async fn an_entra_that_hangs_loses_nothing() {
    survives_all(Outside::Entra, &SLOW).await;
}

#[tokio::test]
async fn a_defender_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::Defender, &QUICK).await;
}

/// A refusal is no outage: whoever refuses, the machine is told as rejected, and can be tried again.
#[tokio::test]
async fn a_refusal_that_is_not_defenders_own_rejects_machines_which_can_be_retried() {
    let rough = Rough::new().await;
    rough.way(Outside::Defender).be(Some(Rudeness::Status(400)));
    let answer = Ask::add("vip", &[machine(1)]).send_to(&rough.app).await;
    assert_eq!((answer.status, answer.outcome(0)), (200, "rejected"));
    rough.way(Outside::Defender).be(None);
    let again = retry(&answer.id()).send_to(&rough.app).await;
    assert_eq!((again.status, again.outcome(0)), (200, "applied"));
}

#[tokio::test]
async fn a_400_of_any_other_world_loses_nothing() {
    for outside in [Outside::Entra, Outside::DynamoDb, Outside::SecretsManager] {
        Rough::survives(outside, Rudeness::Status(400)).await;
    }
}

#[tokio::test]
async fn a_defender_that_hangs_loses_nothing() {
    survives_all(Outside::Defender, &SLOW).await;
}

#[tokio::test]
async fn a_table_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::DynamoDb, &QUICK).await;
}

#[tokio::test]
async fn a_table_that_hangs_loses_nothing() {
    survives_all(Outside::DynamoDb, &SLOW).await;
}

#[tokio::test]
async fn a_secrets_manager_that_fails_in_any_way_loses_nothing() {
    survives_all(Outside::SecretsManager, &QUICK).await;
}

#[tokio::test]
async fn a_secrets_manager_that_hangs_loses_nothing() {
    survives_all(Outside::SecretsManager, &SLOW).await;
}
