//! Faults that the embedded engine cannot produce, by a client that is told what to answer.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_dynamodb::types::error::ProvisionedThroughputExceededException;
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use defender_tag_relay::aws::Aws;
use defender_tag_relay::config::Settings;
use defender_tag_relay::http::App;
use defender_tag_relay::start::app;

use crate::support::{Answer, Ask, World, machine};

fn throttled() -> ProvisionedThroughputExceededException {
    ProvisionedThroughputExceededException::builder().message("slow down").build()
}

/// A relay of the world whose table answers by these rules.
async fn relay_with(world: &World, rules: &[&Rule]) -> App {
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
    let others = local::aws::clients(&world.loopback.engine.url());
    let settings = Settings::parse(&world.loopback.variables).unwrap();
    app(&settings, Aws { dynamodb, ..others }, world.app().clock().clone()).await.unwrap()
}

fn is_later(answer: &Answer) -> bool {
    answer.status == 503 && answer.body["code"] == "store_unavailable" && answer.headers["retry-after"] == "5"
}

#[tokio::test]
async fn a_table_that_throttles_the_order_means_later_and_nothing_is_written() {
    let world = World::new().await;
    let order = mock!(Client::update_item)
        .then_error(|| UpdateItemError::ProvisionedThroughputExceededException(throttled()));
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&world, &[&order, &put]).await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&app).await;
    assert!(is_later(&answer), "{answer:?}");
    assert_eq!((put.num_calls(), world.calls()), (0, 0));
}

#[tokio::test]
async fn a_webhook_that_cannot_be_made_durable_or_remembered_is_to_come_later() {
    let world = World::new().await;
    let order = mock!(Client::update_item)
        .then_error(|| UpdateItemError::ProvisionedThroughputExceededException(throttled()));
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&world, &[&order, &put]).await;
    // The second is remembered first, the third is accepted although it can never succeed.
    for file in ["pagerduty", "runbook", "pagerduty-no-machine"] {
        let answer = Ask::of_file(file, &world).send_to(&app).await;
        assert!(is_later(&answer), "{file}: {answer:?}");
    }
    assert_eq!(world.calls(), 0);
}

#[tokio::test]
async fn a_table_that_throttles_the_request_means_later_and_no_call() {
    let world = World::new().await;
    let one = || UpdateItemOutput::builder().attributes("order", AttributeValue::N("1".into())).build();
    let order = mock!(Client::update_item).then_output(one);
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&world, &[&order, &put]).await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&app).await;
    assert!(is_later(&answer), "{answer:?}");
    assert!(put.num_calls() >= 1 && world.calls() == 0);
}
