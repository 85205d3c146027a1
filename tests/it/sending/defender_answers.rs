use simulator::Fault;

use crate::support::{Ask, Fixture, machine, machines, unknown_machine};

#[tokio::test]
async fn unknown_machines_that_the_answer_names_are_taken_out_and_the_rest_goes_again() {
    let fixture = Fixture::new().await;
    let answer = Ask::add("vip", &[machine(1), unknown_machine(1), machine(2)]).send(&fixture).await;
    assert_eq!((answer.count("applied"), answer.outcome(1), fixture.calls()), (2, "unknown_machine", 2));
}

#[tokio::test]
async fn unknown_machines_that_no_answer_names_are_found_by_halving() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| {
        s.unknown_listed = simulator::UnknownListed::None;
        s.unknown_status = 404;
        s.unknown_code = "ResourceNotFound".into();
    });
    let mut list = machines(0..40);
    list[17] = unknown_machine(1);
    let answer = Ask::add("vip", &list).send(&fixture).await;
    assert_eq!((answer.count("applied"), answer.outcome(17)), (39, "unknown_machine"));
    assert!(fixture.calls() <= 14, "{} calls", fixture.calls());
}

#[tokio::test]
async fn a_machine_that_defender_refuses_is_rejected_with_code_and_correlation_id() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.refused_machines = [machine(3)].into());
    let answer = Ask::add("vip", &machines(0..8)).send(&fixture).await;
    assert_eq!((answer.count("applied"), answer.outcome(3)), (7, "rejected"));
    assert!(
        answer.detail(3).starts_with("400 OsPlatformNotSupported, correlation id "),
        "{}",
        answer.detail(3)
    );
}

#[tokio::test]
async fn a_token_that_is_refused_is_replaced_once() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::WrongToken);
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.outcome(0), fixture.calls(), fixture.simulator().token_requests()), ("applied", 2, 2));
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_stops_the_drain_and_says_so() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::WrongToken);
    fixture.simulator().next(Fault::WrongToken);
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!((answer.status, fixture.calls()), (202, 2));
    let reason = fixture.budget().await["heldUp"]["reason"].clone();
    assert!(reason.as_str().unwrap().starts_with("token_refused"), "{reason}");
}

#[tokio::test]
async fn a_missing_permission_stops_the_drain_names_the_grant_and_loses_nothing() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.roles.clear());
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!((answer.status, fixture.calls()), (202, 1));
    let reason = fixture.budget().await["heldUp"]["reason"].clone();
    assert!(reason.as_str().unwrap().contains("Machine.ReadWrite.All"), "{reason}");

    Ask::add("vip", &[machine(2)]).at_once().send(&fixture).await;
    fixture.schedule().await;
    assert_eq!(fixture.calls(), 1, "nothing is sent while it is held up");

    fixture.simulator().switch(|s| s.roles = vec!["Machine.ReadWrite.All".into()]);
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
    assert!(fixture.budget().await["heldUp"].is_null());
}

#[tokio::test]
async fn defenders_pause_holds_for_every_instance_until_its_end() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(90) });
    let first = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!((first.status, fixture.calls()), (202, 1));
    let other = fixture.another_relay().await;
    fixture.pass_s(80);
    let second = Ask::add("vip", &[machine(2)]).urgent().header("prefer", "wait=1").send_to(&other).await;
    assert_eq!((second.status, fixture.calls()), (202, 1));
    assert!(fixture.budget().await["pausedUntil"].is_string());
    fixture.pass_s(11);
    fixture.schedule().await;
    assert_eq!(first.now(&fixture).await.outcome(0), "applied");
    assert_eq!(fixture.call_sizes(), [1, 2], "what waited leaves together");
}

#[tokio::test]
async fn a_pause_without_a_length_lasts_a_minute() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: None });
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    fixture.pass_s(59);
    fixture.schedule().await;
    assert_eq!((answer.status, fixture.calls()), (202, 1));
    fixture.pass_s(2);
    fixture.schedule().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn a_server_error_is_tried_again() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::Status { status: 500, retry_after_s: None, body: None });
    fixture.simulator().next(Fault::Status { status: 503, retry_after_s: None, body: Some("<html>".into()) });
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.outcome(0), fixture.calls()), ("applied", 3));
}

#[tokio::test]
async fn a_failure_that_is_not_in_defenders_own_words_is_followed_only_when_it_is_over() {
    for (body, after_ms) in [(None, 400), (Some("<html>".to_owned()), 11_000)] {
        let fixture = Fixture::new().await;
        fixture.simulator().next(Fault::Status { status: 503, retry_after_s: None, body });
        let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
        let calls = fixture.simulator().arrivals();
        let gap_ms = calls[1].received_at_ms - calls[0].received_at_ms;
        assert_eq!((answer.outcome(0), gap_ms >= after_ms, gap_ms < 12_000), ("applied", true, true));
    }
}

#[tokio::test]
async fn a_server_error_that_asks_to_wait_is_followed_after_that() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::Status { status: 503, retry_after_s: Some(7), body: None });
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    let calls = fixture.simulator().arrivals();
    assert!(calls[1].received_at_ms - calls[0].received_at_ms >= 7_000, "{calls:?}");
    assert_eq!(answer.outcome(0), "applied");
}

#[tokio::test]
async fn a_machine_that_is_never_answered_holds_up_no_other_and_costs_few_calls() {
    let fixture = Fixture::new().await;
    let broken = machine(17);
    fixture.simulator().switch(|s| s.broken_machines = [broken.clone()].into());
    let first = Ask::add("vip", &machines(0..40)).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    let others = [Ask::add("watch", &machines(0..5)), Ask::remove("vip", &machines(50..60))];
    let mut answers = Vec::new();
    for ask in others {
        answers.push(ask.at_once().send(&fixture).await);
    }
    for _ in 0..5 {
        fixture.schedule().await;
        fixture.pass_s(60);
    }
    for answer in answers {
        assert_eq!(answer.now(&fixture).await.body["status"], "done");
    }
    let now = first.now(&fixture).await;
    assert_eq!((now.count("applied"), now.outcome(17)), (39, "pending"));

    let calls = fixture.calls();
    for minute in 0..60 {
        let other = Ask::add("watch", &[machine(100 + minute)]).at_once().send(&fixture).await;
        fixture.schedule().await;
        assert_eq!(other.now(&fixture).await.outcome(0), "applied", "minute {minute}");
        fixture.pass_s(60);
    }
    let spent = fixture.simulator().arrivals()[calls..].iter().filter(|call| call.status == 500).count();
    println!("{spent} calls in an hour for a machine that is never answered");
    assert!(spent <= 40, "{spent} calls");
    fixture.simulator().switch(|s| s.broken_machines.clear());
    fixture.pass_s(1_000);
    fixture.schedule_until_empty().await;
    assert_eq!(first.now(&fixture).await.count("applied"), 40);
}

#[tokio::test]
async fn a_200_that_is_not_json_is_no_proof_and_is_tried_again() {
    for fault in [Fault::NotJson, Fault::Truncated] {
        let fixture = Fixture::new().await;
        fixture.simulator().next(fault.clone());
        let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
        assert_eq!((answer.outcome(0), fixture.calls()), ("applied", 2), "{fault:?}");
    }
}

#[tokio::test]
async fn a_broken_connection_is_tried_again_only_after_defender_has_counted_the_first_call() {
    for applied in [false, true] {
        let fixture = Fixture::new().await;
        fixture.simulator().next(Fault::Reset { applied });
        let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
        assert_eq!((answer.outcome(0), fixture.calls()), ("applied", 2));
        let calls = fixture.simulator().arrivals();
        assert!(calls[1].received_at_ms - calls[0].received_at_ms >= 10_000, "{calls:?}");
    }
}

#[tokio::test]
async fn an_outage_loses_nothing_and_backs_off() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let answer = Ask::add("vip", &machines(0..3)).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!(answer.status, 202);
    let calls = fixture.calls();
    assert!(calls <= 4, "{calls} calls into an outage");
    assert!(fixture.budget().await["heldUp"]["reason"].as_str().unwrap().starts_with("defender_unavailable"));
    for _ in 0..10 {
        fixture.schedule().await;
        fixture.pass_s(60);
    }
    assert!(fixture.calls() <= calls + 8, "{} calls into an outage of ten minutes", fixture.calls());
    fixture.simulator().switch(|s| s.down = false);
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(&fixture).await.count("applied"), 3);
}

#[tokio::test]
async fn a_machine_that_no_answer_lists_is_asked_for_twice_and_unconfirmed() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.unlisted = [machine(2)].into());
    let answer = Ask::add("vip", &machines(0..4)).send(&fixture).await;
    assert_eq!((answer.count("applied"), answer.outcome(2)), (3, "unconfirmed"));
    assert_eq!(fixture.call_sizes(), [4, 1]);
}

#[tokio::test]
async fn a_machine_not_found_once_is_found_a_moment_later() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::NotFoundOnce);
    let answer = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!((answer.outcome(0), fixture.calls()), ("applied", 2));
}

#[tokio::test]
async fn an_answer_with_a_hundred_addresses_for_each_of_five_hundred_machines_is_read() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.addresses_per_machine = 100);
    let answer = Ask::add("vip", &machines(0..500)).header("prefer", "wait=20").send(&fixture).await;
    assert_eq!((answer.count("applied"), fixture.calls()), (500, 1));
}
