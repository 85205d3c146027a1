use local::events;
use simulator::Fault;

use crate::support::{Ask, Fixture, machine};

/// Every fixture searches its own answers, log lines and items when its test ends. This test shows that the search finds
/// a secret, and that it covers all kinds of events.
#[tokio::test]
async fn no_log_line_no_answer_and_no_item_has_a_secret_in_it() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::WrongToken);
    let answer = Ask::add("vip", &[machine(1)]).key("a-key-of-the-sender").send(&fixture).await;
    Ask::add("vip", &[machine(1)]).bearer("a-wrong-key-of-someone").send(&fixture).await;
    for described in events::described().unwrap() {
        let event = fixture.ready(&described.file);
        fixture.play_any(event).await;
        fixture.app().relays.until_idle().await;
    }
    let logged = fixture.witness.lines.text();
    assert!(
        logged.contains("token_refused") && logged.contains("not_verified"),
        "the log was looked at: {logged}"
    );
    assert!(logged.contains("/v1/hooks/{source}/{token}"), "a token's place is logged, not the token");
    let everything = fixture.everything_revealed();
    assert!(everything.contains(&answer.id()) && everything.contains("unfit#"), "the table was looked at");
    assert_eq!(fixture.revealed(), Vec::<String>::new());
}

#[tokio::test]
async fn a_secret_that_is_told_would_be_seen() {
    let fixture = Fixture::new().await;
    Ask::add("a-tag-that-is-no-secret", &[machine(1)]).send(&fixture).await;
    assert_eq!(fixture.revealed(), Vec::<String>::new());
    fixture.witness.must_not_reveal("a-tag-that-is-no-secret");
    assert_eq!(fixture.revealed(), ["a-tag-that-is-no-secret"]);
    fixture.witness.revealed_on_purpose();
}
