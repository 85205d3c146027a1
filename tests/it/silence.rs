use local::events;
use simulator::Fault;

use crate::support::{Ask, World, machine};

/// Every world of every test looks at its own answers, log lines and items when it ends. Here is shown that it
/// would see, and that all kinds of events have been looked at.
#[tokio::test]
async fn no_log_line_no_answer_and_no_item_has_a_secret_in_it() {
    let world = World::new().await;
    world.simulator().next(Fault::WrongToken);
    let answer = Ask::add("vip", &[machine(1)]).key("a-key-of-the-sender").send(&world).await;
    Ask::add("vip", &[machine(1)]).bearer("a-wrong-key-of-someone").send(&world).await;
    for described in events::described().unwrap() {
        let event = world.ready(&described.file);
        world.play_any(event).await;
        world.app().relays.until_idle().await;
    }
    let logged = world.witness.lines.text();
    assert!(
        logged.contains("token_refused") && logged.contains("not_verified"),
        "the log was looked at: {logged}"
    );
    assert!(logged.contains("/v1/hooks/{source}/{token}"), "a token's place is logged, not the token");
    let everything = world.everything_let_out();
    assert!(everything.contains(&answer.id()) && everything.contains("unfit#"), "the table was looked at");
    assert_eq!(world.told(), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_that_is_told_would_be_seen() {
    let world = World::new().await;
    Ask::add("a-tag-that-is-no-secret", &[machine(1)]).send(&world).await;
    assert_eq!(world.told(), Vec::<String>::new());
    world.witness.must_not_tell("a-tag-that-is-no-secret");
    assert_eq!(world.told(), ["a-tag-that-is-no-secret"]);
    world.witness.told_on_purpose();
}
