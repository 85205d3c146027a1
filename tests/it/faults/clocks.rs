//! A machine whose clock is wrong gets no permit, because the table's replies contradict its clock.

use local::loopback::TABLE;
use simulator::Fault;
use simulator::dynamodb::Engine;

use crate::support::{Ask, Fixture, machine};

fn ledgers(engine: &Engine) -> usize {
    let scan = serde_json::json!({ "TableName": TABLE, "FilterExpression": "sk = :budget",
        "ExpressionAttributeValues": { ":budget": { "S": "budget" } } });
    engine.database().scan(serde_json::from_value(scan).unwrap()).unwrap().count
}

#[tokio::test]
async fn a_clock_that_is_off_by_more_than_a_second_gets_no_permit() {
    for off_ms in [-4_000, -2_500, 2_500, 86_400_000] {
        let fixture = Fixture::new().await;
        let relay = fixture.relay_whose_clock_is_off_by(off_ms).await;
        let answer = Ask::add("vip", &[machine(1)]).at_once().send_to(&relay).await;
        assert_eq!(answer.status, 202, "{off_ms}: it is durable");
        relay.relays.until_idle().await;
        assert_eq!((fixture.calls(), ledgers(&fixture.loopback.engine)), (0, 0), "{off_ms}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_by_less_than_a_second_gets_its_permits() {
    for off_ms in [-900, 0, 900] {
        let fixture = Fixture::new().await;
        let relay = fixture.relay_whose_clock_is_off_by(off_ms).await;
        let answer = Ask::add("vip", &[machine(1)]).send_to(&relay).await;
        assert_eq!((answer.status, fixture.calls()), (200, 1), "{off_ms}");
    }
}

/// An hour more than a request may wait.
const A_DAY_MS: i64 = 25 * 3_600_000;

#[tokio::test]
async fn a_clock_that_is_a_day_ahead_expires_nothing_and_holds_nobody_up() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(30) });
    let waits = Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;

    let relay = fixture.relay_whose_clock_is_off_by(A_DAY_MS).await;
    let came_there = Ask::add("vip", &[machine(2)]).at_once().send_to(&relay).await;
    relay.relays.until_idle().await;
    fixture.pass_s(80);
    fixture.schedule().await;
    for answer in [waits, came_there] {
        assert_eq!(
            answer.now(&fixture).await.outcome(0),
            "applied",
            "at once, by the instance with the right time"
        );
    }
}

#[tokio::test]
async fn a_request_that_came_to_a_clock_a_day_behind_is_no_older_than_it_is() {
    let fixture = Fixture::new().await;
    let relay = fixture.relay_whose_clock_is_off_by(-A_DAY_MS).await;
    let answer = Ask::add("vip", &[machine(1)]).at_once().send_to(&relay).await;
    relay.relays.until_idle().await;
    fixture.schedule().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
}
