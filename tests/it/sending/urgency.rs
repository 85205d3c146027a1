//! Nothing routine makes an urgent change wait, and requests for the same change share one call.

use simulator::Fault;

use crate::support::{Answer, Ask, Fixture, machine, machines};

/// A source whose requests are urgent unless they say otherwise.
const SOURCES: &str = r#"{"sources": [{"name": "soar", "priority": "urgent",
    "verify": {"scheme": "bearer", "secrets": ["this-key-opens-only-the-simulator"], "weak_secret": true},
    "allow": {"tags": ["*"], "actions": ["Add", "Remove"], "machines": 10000}}]}"#;
/// Seconds after an outage within which an urgent change must be applied.
const APPLIED_WITHIN_S: i64 = 90;

/// An hour of few calls, one machine each, of which routine requests have spent their share.
async fn with_the_routine_share_spent() -> Fixture {
    let fixture =
        Fixture::with([("CALLS_PER_HOUR", "300"), ("MACHINES_PER_CALL", "1"), ("SOURCES", SOURCES)]).await;
    ask(&fixture, Ask::add("bulk", &machines(0..400)).routine()).await;
    for _ in 0..8 {
        fixture.pass_s(60);
        fixture.schedule().await;
    }
    let spent = fixture.calls();
    assert!((280..295).contains(&spent), "{spent} calls");
    fixture
}

async fn ask(fixture: &Fixture, ask: Ask) -> Answer {
    let answer = ask.at_once().send(fixture).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    fixture.app().relays.until_idle().await;
    answer
}

/// Runs the schedule each minute until the first machine of the request has an outcome. Returns the seconds it took.
async fn seconds_until_done(fixture: &Fixture, answer: &Answer) -> i64 {
    let began_at = fixture.app().clock().now();
    for _ in 0..90 {
        fixture.schedule().await;
        if answer.now(fixture).await.outcome(0) != "pending" {
            break;
        }
        fixture.pass_s(60);
    }
    fixture.app().clock().now().ms_since(began_at) / 1000
}

#[tokio::test]
async fn a_routine_batch_that_gets_no_permit_holds_up_nothing_urgent_after_an_outage() {
    let fixture = with_the_routine_share_spent().await;
    fixture.simulator().switch(|s| s.down = true);
    let urgent = ask(&fixture, Ask::add("contain", &[machine(500)])).await;
    fixture.simulator().switch(|s| s.down = false);
    let seconds = seconds_until_done(&fixture, &urgent).await;
    assert_eq!(urgent.now(&fixture).await.outcome(0), "applied");
    assert!(seconds <= APPLIED_WITHIN_S, "{seconds} s");
}

/// After many failed drains in a row a routine request waits for minutes. An urgent one does not.
#[tokio::test]
async fn after_a_long_outage_an_urgent_request_is_applied_within_ninety_seconds() {
    for came_before in [true, false] {
        let fixture = Fixture::with([("SOURCES", SOURCES)]).await;
        fixture.simulator().switch(|s| s.down = true);
        let routine = ask(&fixture, Ask::add("bulk", &machines(0..3)).routine()).await;
        let urgent =
            if came_before { Some(ask(&fixture, Ask::add("contain", &[machine(9)])).await) } else { None };
        for _ in 0..30 {
            fixture.pass_s(60);
            fixture.schedule().await;
        }
        let calls = fixture.calls();
        assert!(calls < 75, "{calls} calls in half an hour of outage");
        fixture.simulator().switch(|s| s.down = false);
        let urgent = match urgent {
            Some(urgent) => urgent,
            None => ask(&fixture, Ask::add("contain", &[machine(9)])).await,
        };
        let seconds = seconds_until_done(&fixture, &urgent).await;
        assert!(seconds <= APPLIED_WITHIN_S, "{seconds} s, {came_before}");
        fixture.schedule_until_empty().await;
        assert_eq!(routine.now(&fixture).await.count("applied"), 3);
    }
}

#[tokio::test]
async fn a_routine_request_for_the_same_change_delays_no_urgent_one_and_both_are_applied() {
    let fixture = with_the_routine_share_spent().await;
    fixture.simulator().switch(|s| s.down = true);
    let urgent = ask(&fixture, Ask::add("contain", &[machine(500)])).await;
    let routine = ask(&fixture, Ask::add("contain", &[machine(500)]).routine()).await;
    fixture.simulator().switch(|s| s.down = false);
    let seconds = seconds_until_done(&fixture, &urgent).await;
    for answer in [&urgent, &routine] {
        assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
    }
    assert!(seconds <= APPLIED_WITHIN_S, "{seconds} s");
}

#[tokio::test]
async fn only_an_opposite_request_supersedes() {
    let fixture = Fixture::with([("SOURCES", SOURCES)]).await;
    fixture.simulator().switch(|s| s.down = true);
    let mut answers = Vec::new();
    for wanted in [Ask::add, Ask::add, Ask::remove, Ask::add, Ask::add] {
        answers.push(ask(&fixture, wanted("contain", &[machine(1)])).await);
    }
    fixture.simulator().switch(|s| s.down = false);
    seconds_until_done(&fixture, &answers[4]).await;
    let mut outcomes = Vec::new();
    for answer in &answers {
        outcomes.push(answer.now(&fixture).await.outcome(0).to_owned());
    }
    assert_eq!(outcomes, ["superseded", "superseded", "superseded", "applied", "applied"]);
    assert!(fixture.carries(&machine(1), "contain"));
}

#[tokio::test]
async fn a_call_carries_one_class_so_a_routine_machine_at_fault_delays_no_urgent_one() {
    let fixture = Fixture::with([("SOURCES", SOURCES)]).await;
    fixture.simulator().switch(|s| s.refused_machines = (0..5).map(machine).collect());
    fixture.simulator().next(Fault::Status { status: 503, retry_after_s: Some(30), body: None });
    let routine = ask(&fixture, Ask::add("contain", &machines(0..200)).routine()).await;
    let calls = fixture.calls();
    let urgent = Ask::add("contain", &[machine(300)]).at_once().send(&fixture).await;
    seconds_until_done(&fixture, &urgent).await;
    let sizes = fixture.call_sizes();
    assert!(sizes[calls..].contains(&1), "{sizes:?}");
    assert_eq!(urgent.now(&fixture).await.outcome(0), "applied");
    fixture.schedule_until_empty().await;
    let routine = routine.now(&fixture).await;
    assert_eq!((routine.count("rejected"), routine.count("applied")), (5, 195));
}

#[tokio::test]
async fn exactly_the_machines_at_fault_of_five_hundred_are_rejected() {
    for at_fault in [3usize, 10] {
        let fixture = Fixture::with([("SOURCES", SOURCES)]).await;
        let bad: Vec<_> = (0..at_fault).map(|n| machine(n * (500 / at_fault) + 3)).collect();
        let refused = bad.iter().cloned().collect();
        fixture.simulator().switch(|s| s.refused_machines = refused);
        let answer = Ask::add("contain", &machines(0..500)).at_once().send(&fixture).await;
        fixture.schedule_until_empty().await;
        let answer = answer.now(&fixture).await;
        let counts = (answer.count("rejected"), answer.count("applied"));
        assert_eq!(counts, (at_fault as u64, 500 - at_fault as u64), "{at_fault} at fault");
        for machine in &bad {
            assert!(!fixture.carries(machine, "contain"));
        }
    }
}

#[tokio::test]
async fn a_refused_tag_costs_few_calls_and_says_so() {
    let fixture = Fixture::with([("SOURCES", SOURCES)]).await;
    fixture.simulator().switch(|s| s.refused_machines = machines(0..500).into_iter().collect());
    let answer = Ask::add("refused", &machines(0..500)).at_once().send(&fixture).await;
    fixture.schedule_until_empty().await;
    let answer = answer.now(&fixture).await;
    assert_eq!(answer.count("rejected"), 500);
    assert!(fixture.calls() <= 20, "{} calls", fixture.calls());
    let by_the_tag =
        (0..500).filter(|place| answer.detail(*place).contains("Defender refused the tag")).count();
    assert!(by_the_tag > 490, "{by_the_tag}");
}
