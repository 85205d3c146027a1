use futures_util::future::join_all;
use simulator::Fault;

use crate::support::{Ask, Fixture, machine, machines, unknown_machine};

/// 1,234 machines, three of them unknown, spread over the list.
fn spread() -> Vec<String> {
    let mut list = machines(0..1234);
    for (number, place) in [3, 617, 1230].into_iter().enumerate() {
        list[place] = unknown_machine(number);
    }
    list
}

#[tokio::test]
async fn of_1234_machines_three_are_unknown_and_the_rest_applied_in_at_most_six_calls() {
    let fixture = Fixture::new().await;
    let ask = Ask::add("vip", &spread()).key("playbook-1");
    let answer = ask.send(&fixture).await;
    assert_eq!((answer.status, answer.count("applied"), answer.count("unknown_machine")), (200, 1231, 3));
    assert_eq!(answer.outcome(617), "unknown_machine");
    assert!(fixture.calls() <= 6, "{} calls", fixture.calls());
    assert!(fixture.carries(&machine(1233), "vip"));

    let calls = fixture.calls();
    let again = ask.send(&fixture).await;
    assert_eq!((again.status, again.id(), fixture.calls()), (200, answer.id(), calls));
}

#[tokio::test]
async fn ten_requests_of_500_machines_sent_at_once_leave_in_at_most_twelve_calls() {
    let fixture = Fixture::new().await;
    let asks: Vec<_> = (0..10).map(|n| Ask::add("vip", &machines(n * 500..(n + 1) * 500))).collect();
    let answers = join_all(asks.iter().map(|ask| ask.send(&fixture))).await;
    assert!(answers.iter().all(|answer| answer.count("applied") == 500));
    assert!(fixture.calls() <= 12, "{} calls", fixture.calls());
}

#[tokio::test]
async fn a_thousand_one_machine_requests_that_wait_together_leave_in_two_calls() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let ask = |n: usize| Ask::add("vip", &[machine(n)]).key(&n.to_string()).at_once();
    let asks: Vec<_> = (0..1000).map(ask).collect();
    let answers = join_all(asks.iter().map(|ask| ask.send_until_accepted(&fixture))).await;
    let odd = answers.iter().find(|answer| answer.status != 202);
    assert!(odd.is_none(), "{odd:?}");
    fixture.app().relays.until_idle().await;
    fixture.simulator().switch(|s| s.down = false);
    let before = fixture.calls();
    fixture.schedule_until_empty().await;
    assert_eq!(fixture.call_sizes()[before..], [500, 500]);
    assert_eq!(answers[999].now(&fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn requests_that_come_while_a_call_is_in_flight_leave_together_after_it() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::Slow { ms: 2000 });
    let first = Ask::add("vip", &[machine(0)]).at_once().send(&fixture).await;
    while fixture.calls() == 0 {
        tokio::task::yield_now().await;
    }
    let asks: Vec<_> = (1..30).map(|n| Ask::add("vip", &[machine(n)])).collect();
    let answers = join_all(asks.iter().map(|ask| ask.send(&fixture))).await;
    assert!(answers.iter().all(|answer| answer.outcome(0) == "applied"));
    assert_eq!((first.now(&fixture).await.outcome(0), fixture.call_sizes()), ("applied", vec![1, 29]));
}

#[tokio::test]
async fn an_idle_relay_sends_a_single_request_at_once_in_one_call() {
    let fixture = Fixture::new().await;
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.status, answer.outcome(0), fixture.calls()), (200, "applied", 1));
}

#[tokio::test]
async fn a_machine_named_twice_is_sent_once() {
    let fixture = Fixture::new().await;
    let twice = [machine(1), machine(1).to_uppercase(), machine(2)];
    let answer = Ask::add("vip", &twice).send(&fixture).await;
    assert_eq!((answer.count("applied"), fixture.call_sizes()), (2, vec![2]));
}

#[tokio::test]
async fn a_configured_size_of_calls_is_kept() {
    let fixture = Fixture::with([("MACHINES_PER_CALL", "4")]).await;
    Ask::add("vip", &machines(0..10)).send(&fixture).await;
    let mut sizes = fixture.call_sizes();
    sizes.sort_unstable();
    assert_eq!(sizes, [2, 4, 4]);
}
