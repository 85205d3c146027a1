//! Faults that the embedded engine cannot produce. A mocked client produces them.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::query::{QueryError, QueryOutput};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::{ProvisionedThroughputExceededException, TransactionCanceledException};
use aws_sdk_dynamodb::types::{AttributeValue, CancellationReason};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use defender_tag_relay::aws::Aws;
use defender_tag_relay::config::Settings;
use defender_tag_relay::http::App;
use defender_tag_relay::start::app;
use defender_tag_relay::store::Store;
use local::loopback::TABLE;

use crate::support::{Answer, Ask, Fixture, machine};

fn throttled() -> ProvisionedThroughputExceededException {
    ProvisionedThroughputExceededException::builder().message("slow down").build()
}

/// A relay of the fixture whose table answers by these rules.
async fn relay_with(fixture: &Fixture, rules: &[&Rule]) -> App {
    let dynamodb = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, rules);
    let others = local::aws::clients(&fixture.loopback.engine.url());
    let settings = Settings::parse(&fixture.loopback.variables).unwrap();
    app(&settings, Aws { dynamodb, ..others }, fixture.app().clock().clone()).await.unwrap()
}

fn is_later(answer: &Answer) -> bool {
    answer.status == 503 && answer.body["code"] == "store_unavailable" && answer.headers["retry-after"] == "5"
}

#[tokio::test]
async fn a_table_that_throttles_the_order_means_later_and_nothing_is_written() {
    let fixture = Fixture::new().await;
    let order = mock!(Client::update_item)
        .then_error(|| UpdateItemError::ProvisionedThroughputExceededException(throttled()));
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&fixture, &[&order, &put]).await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&app).await;
    assert!(is_later(&answer), "{answer:?}");
    assert_eq!((put.num_calls(), fixture.calls()), (0, 0));
}

#[tokio::test]
async fn a_webhook_that_cannot_be_made_durable_or_remembered_is_to_come_later() {
    let fixture = Fixture::new().await;
    let order = mock!(Client::update_item)
        .then_error(|| UpdateItemError::ProvisionedThroughputExceededException(throttled()));
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&fixture, &[&order, &put]).await;
    // The relay remembers the second before it accepts it. It acknowledges the third, which can never succeed.
    for file in ["pagerduty", "runbook", "pagerduty-no-machine"] {
        let answer = Ask::of_file(file, &fixture).send_to(&app).await;
        assert!(is_later(&answer), "{file}: {answer:?}");
    }
    assert_eq!(fixture.calls(), 0);
}

#[tokio::test]
async fn a_table_that_throttles_the_request_means_later_and_no_call() {
    let fixture = Fixture::new().await;
    let one = || UpdateItemOutput::builder().attributes("order", AttributeValue::N("1".into())).build();
    let order = mock!(Client::update_item).then_output(one);
    let put = mock!(Client::put_item)
        .then_error(|| PutItemError::ProvisionedThroughputExceededException(throttled()));
    let app = relay_with(&fixture, &[&order, &put]).await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&app).await;
    assert!(is_later(&answer), "{answer:?}");
    assert!(put.num_calls() >= 1 && fixture.calls() == 0);
}

#[tokio::test]
async fn a_table_that_throttles_in_the_middle_of_the_backlog_gives_what_was_read() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.forbidden = true);
    Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    let real = local::aws::clients(&fixture.loopback.engine.url()).dynamodb;
    let items = real.scan().table_name(TABLE).filter_expression("attribute_exists(queued)").send().await;
    let items = items.unwrap().items().to_vec();
    assert_eq!(items.len(), 1);
    let first = mock!(Client::query).match_requests(|page| page.exclusive_start_key().is_none()).then_output(
        move || {
            let start = Some([("pk".to_owned(), AttributeValue::S("next".into()))].into());
            QueryOutput::builder().set_items(Some(items.clone())).set_last_evaluated_key(start).build()
        },
    );
    let second = mock!(Client::query)
        .match_requests(|page| page.exclusive_start_key().is_some())
        .then_error(|| QueryError::ProvisionedThroughputExceededException(throttled()));
    let table = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, [&first, &second]);
    let waiting =
        Store::new(&table, TABLE, "tenant", fixture.app().clock().clone()).backlog(u64::MAX).await.unwrap();
    assert_eq!(
        (waiting.records.len(), waiting.whole),
        (4, false),
        "one of each of four partitions, and there is more"
    );
}

fn cancelled(codes: &[&str]) -> TransactWriteItemsError {
    let reason = |code: &&str| CancellationReason::builder().code(*code).build();
    let reasons: Vec<_> = codes.iter().map(reason).collect();
    let exception = TransactionCanceledException::builder().set_cancellation_reasons(Some(reasons)).build();
    TransactWriteItemsError::TransactionCanceledException(exception)
}

#[tokio::test]
async fn a_delivery_whose_requests_meet_another_write_is_to_come_later() {
    let fixture = Fixture::new().await;
    for codes in [
        ["TransactionConflict", "None"],
        ["None", "ThrottlingError"],
        ["ProvisionedThroughputExceeded", "None"],
        ["ConditionalCheckFailed", "TransactionConflict"],
        ["ConditionalCheckFailed", "None"],
        ["None", "None"],
    ] {
        let two = || UpdateItemOutput::builder().attributes("order", AttributeValue::N("2".into())).build();
        let order = mock!(Client::update_item).then_output(two);
        let both = mock!(Client::transact_write_items).then_error(move || cancelled(&codes));
        let app = relay_with(&fixture, &[&order, &both]).await;
        let answer = Ask::of_file("alertmanager", &fixture).send_to(&app).await;
        assert!(is_later(&answer), "{codes:?}: {answer:?}");
        assert!(both.num_calls() >= 1 && fixture.calls() == 0, "{codes:?}");
    }
}
