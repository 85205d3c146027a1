//! A machine whose clock is wrong gets no permit: the table's replies tell it.

use local::loopback::TABLE;
use simulator::dynamodb::Engine;

use crate::support::{Ask, World, machine};

fn ledgers(engine: &Engine) -> usize {
    let scan = serde_json::json!({ "TableName": TABLE, "FilterExpression": "sk = :budget",
        "ExpressionAttributeValues": { ":budget": { "S": "budget" } } });
    engine.database().scan(serde_json::from_value(scan).unwrap()).unwrap().count
}

#[tokio::test]
async fn a_clock_that_is_off_by_more_than_a_second_gets_no_permit() {
    for off_ms in [-4_000, -2_500, 2_500, 86_400_000] {
        let world = World::new().await;
        let relay = world.relay_whose_clock_is_off_by(off_ms).await;
        let answer = Ask::add("vip", &[machine(1)]).at_once().send_to(&relay).await;
        assert_eq!(answer.status, 202, "{off_ms}: it is durable");
        relay.relays.until_idle().await;
        assert_eq!((world.calls(), ledgers(&world.loopback.engine)), (0, 0), "{off_ms}");
    }
}

#[tokio::test]
async fn a_clock_that_is_off_by_less_than_a_second_gets_its_permits() {
    for off_ms in [-900, 0, 900] {
        let world = World::new().await;
        let relay = world.relay_whose_clock_is_off_by(off_ms).await;
        let answer = Ask::add("vip", &[machine(1)]).send_to(&relay).await;
        assert_eq!((answer.status, world.calls()), (200, 1), "{off_ms}");
    }
}
