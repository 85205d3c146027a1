//! The table may do anything to the write of a permit. A permit that was not counted is never given.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::error::{
    ProvisionedThroughputExceededException, RequestLimitExceeded, TransactionConflictException,
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use aws_smithy_types::body::SdkBody;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::budget::{Limits, View};
use defender_tag_relay::domain::{Priority, Timestamp};
use defender_tag_relay::store::{PermitOutcome, Store, StoreError};
use local::loopback::TABLE;
use trials::virtual_time::{Contention, Goal, RelayLimiter};

/// Asks twice for a permit of a table that answers by this rule.
async fn asked_twice(rule: &Rule) -> [Result<PermitOutcome, StoreError>; 2] {
    let client = mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &[rule]);
    let store = Store::new(&client, "table", "tenant", Clock::system());
    let (mut view, now) = (View::default(), || Timestamp::from_second(1_800_000_000));
    let mut ask = async || store.take_permit(&mut view, Priority::Urgent, Limits::default(), now, 0).await;
    [ask().await, ask().await]
}

fn is_unavailable(answers: &[Result<PermitOutcome, StoreError>]) -> bool {
    answers.iter().all(|answer| matches!(answer, Err(StoreError::Unavailable(_))))
}

#[tokio::test]
async fn a_table_that_throttles_gives_no_permit() {
    let table = mock!(Client::update_item).then_error(|| {
        let error = ProvisionedThroughputExceededException::builder().message("slow down").build();
        UpdateItemError::ProvisionedThroughputExceededException(error)
    });
    let account = mock!(Client::update_item).then_error(|| {
        UpdateItemError::RequestLimitExceeded(RequestLimitExceeded::builder().message("slow down").build())
    });
    assert!(is_unavailable(&asked_twice(&table).await) && is_unavailable(&asked_twice(&account).await));
}

#[tokio::test]
async fn a_transaction_in_the_way_gives_no_permit() {
    let rule = mock!(Client::update_item).then_error(|| {
        let conflict = TransactionConflictException::builder().message("in a transaction").build();
        UpdateItemError::TransactionConflictException(conflict)
    });
    assert!(is_unavailable(&asked_twice(&rule).await));
}

#[tokio::test]
async fn a_server_error_gives_no_permit() {
    for status in [500, 503] {
        let rule = mock!(Client::update_item).then_http_response(move || {
            HttpResponse::new(u16::try_into(status).unwrap(), SdkBody::from("<html>"))
        });
        assert!(is_unavailable(&asked_twice(&rule).await), "{status}");
    }
}

#[tokio::test]
async fn a_success_that_does_not_say_what_was_counted_gives_no_permit() {
    let rule = mock!(Client::update_item).then_output(|| UpdateItemOutput::builder().build());
    let answers = asked_twice(&rule).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(StoreError::Malformed(_)))), "{answers:?}");
}

#[test]
fn a_write_that_was_applied_but_whose_reply_never_came_counts_too_much_and_never_too_little() {
    let contest = Contention::new(Goal::Calls(60), 11).unwrap();
    contest.table.lose_replies(200);
    let budget = |seed| RelayLimiter::new(&contest.table, Priority::Urgent, Limits::default(), seed);
    let measured = contest.run((0..5).map(budget).collect()).unwrap();
    let applied = measured.operations.writes - measured.operations.refused;
    let lost = contest.table.replies_lost();
    println!("{} permits, {applied} writes applied, {lost} replies lost", measured.grants.len());
    assert!(lost > 5, "replies were lost: {lost}");
    contest.table.lose_replies(0);
    let store = Store::new(&contest.table.client(), TABLE, "tenant", Clock::system());
    let ledger = contest.clock.run([store.ledger()]).pop().unwrap().unwrap().unwrap();
    let counted = ledger.used_at(ledger.head, Limits::default()).per_hour;
    assert_eq!(u64::from(counted), applied, "every applied write counts a call, heard of or not");
    assert!(applied > measured.grants.len() as u64, "what was not heard of is not given back");
    assert!(measured.most_in_window(60) <= 100);
}
