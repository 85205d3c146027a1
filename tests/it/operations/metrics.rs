//! Each metric is produced by what it counts. `docs/runbook.md` names these tests;
//! `tests/it/template/code.rs` checks that.

use serde_json::json;
use simulator::{Fault, UnknownListed};

use crate::support::{Ask, Fixture, Function, dead_entry, get, machine, machines, unknown_machine};

#[tokio::test]
async fn what_is_accepted_called_and_applied_is_counted() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.latency_ms = 20);
    let list = [machine(1), machine(2), unknown_machine(1)];
    Ask::add("vip", &list).send(&fixture).await;
    let metric = |name| fixture.witness.lines.metric(name);
    assert_eq!((metric("Accepted"), metric("AcceptedMachines")), (vec![1], vec![3]));
    assert_eq!((metric("Calls"), metric("MachinesPerCall")), (vec![1, 1], vec![3, 2]));
    assert_eq!((metric("Applied"), metric("UnknownMachine")), (vec![2], vec![1]));
    assert_eq!((metric("CallMs").len(), metric("AcceptedToApplied").len()), (2, 1));
}

#[tokio::test]
async fn what_keeps_everything_from_being_sent_is_told_each_minute() {
    let fixture = Fixture::new().await;
    fixture.schedule().await;
    fixture.simulator().switch(|s| s.down = true);
    Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.schedule().await;
    fixture.simulator().switch(|s| s.down = false);
    fixture.pass_s(60);
    fixture.schedule().await;
    assert_eq!(fixture.witness.lines.metric("HeldUp"), [0, 1, 0]);
}

#[tokio::test]
async fn what_is_superseded_is_counted() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    Ask::remove("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.simulator().switch(|s| s.down = false);
    fixture.pass_s(60);
    fixture.schedule_until_empty().await;
    assert_eq!(fixture.witness.lines.metric("Superseded"), [1]);
    assert_eq!(fixture.witness.lines.metric("Applied"), [1]);
}

#[tokio::test]
async fn what_defender_refuses_or_does_not_list_is_counted() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.refused_machines = [machine(3)].into());
    Ask::add("vip", &machines(0..4)).send(&fixture).await;
    fixture.simulator().next(Fault::Unlisted);
    fixture.simulator().next(Fault::Unlisted);
    Ask::add("vip", &[machine(9)]).send(&fixture).await;
    assert_eq!(fixture.witness.lines.metric("Rejected"), [1]);
    assert_eq!(fixture.witness.lines.metric("Unconfirmed"), [1]);
}

#[tokio::test]
async fn what_waits_and_what_expires_is_counted() {
    let fixture = Fixture::with([("REQUEST_EXPIRES_HOURS", "1")]).await;
    fixture.schedule().await;
    fixture.simulator().switch(|s| s.down = true);
    Ask::add("vip", &machines(0..5)).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.pass_s(1200);
    fixture.schedule().await;
    let metric = |name| fixture.witness.lines.metric(name);
    assert_eq!(metric("BacklogRequests"), [0, 1], "an empty backlog has a value too");
    let ages = metric("OldestRequestAge");
    assert!(ages[0] == 0 && (1200..1300).contains(&ages[1]), "{ages:?}");
    fixture.pass_s(3600);
    fixture.schedule_until_empty().await;
    assert_eq!(metric("Expired"), [5]);
}

#[tokio::test]
async fn a_429_and_a_call_without_an_answer_are_counted() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(1) });
    Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    assert_eq!(fixture.witness.lines.metric("Throttled"), [1]);
    assert_eq!(fixture.witness.lines.metric("DefenderFailures"), Vec::<i64>::new());

    let other = Fixture::new().await;
    other.simulator().next(Fault::Reset { applied: false });
    Ask::add("vip", &[machine(1)]).send(&other).await;
    assert_eq!(other.witness.lines.metric("DefenderFailures"), [1]);
}

#[tokio::test]
async fn a_missing_permission_and_a_missing_token_are_counted() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.roles.clear());
    Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    assert_eq!(fixture.witness.lines.metric("PermissionMissing"), [1]);

    let refreshed = Fixture::new().await;
    refreshed.simulator().next(Fault::WrongToken);
    Ask::add("vip", &[machine(1)]).send(&refreshed).await;
    assert_eq!(
        refreshed.witness.lines.metric("PermissionMissing"),
        Vec::<i64>::new(),
        "a new token was taken"
    );

    let other = Fixture::with([("CLIENT_SECRET", "another-word-than-the-app-has")]).await;
    Ask::add("vip", &[machine(1)]).at_once().send(&other).await;
    other.app().relays.until_idle().await;
    assert_eq!(other.witness.lines.metric("TokenFailures"), [1]);
    assert_eq!(other.witness.lines.metric("Calls"), Vec::<i64>::new());
}

#[tokio::test]
async fn a_spent_budget_and_a_wrong_clock_are_counted() {
    let fixture = Fixture::with([("CALLS_PER_MINUTE", "1"), ("RESERVE_PER_MINUTE", "0")]).await;
    fixture.simulator().switch(|s| s.unknown_listed = UnknownListed::None);
    Ask::add("vip", &[machine(1), unknown_machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    assert_eq!(fixture.witness.lines.metric("PermitsRefused"), [1]);
    assert_eq!(fixture.witness.lines.metric("ClockRefusals"), Vec::<i64>::new());

    let other = Fixture::new().await;
    let off = other.relay_whose_clock_is_off_by(4000).await;
    Ask::add("vip", &[machine(1)]).at_once().send_to(&off).await;
    off.relays.until_idle().await;
    assert_eq!(other.witness.lines.metric("ClockRefusals"), [1]);
}

#[tokio::test]
async fn who_is_refused_and_what_cannot_be_served_is_counted() {
    let fixture = Fixture::new().await;
    get("/v1/budget").bearer("a-key-that-nobody-has").send(&fixture).await;
    Ask::of_file("pagerduty-no-machine", &fixture).send(&fixture).await;
    assert_eq!(fixture.witness.lines.metric("VerificationFailures"), [1]);
    assert_eq!(fixture.witness.lines.metric("UnfitWebhooks"), [1]);

    let without_table = Fixture::with([("TABLE_NAME", "another-table")]).await;
    Ask::add("vip", &[machine(1)]).send(&without_table).await;
    without_table.schedule().await;
    let failures = without_table.witness.lines.metric("StoreFailures");
    assert!(failures.len() > 1 && failures.iter().all(|&value| value == 1), "{failures:?}");
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_counted() {
    let fixture = Fixture::new().await;
    let nowhere = "arn:aws:secretsmanager:us-east-1:000000000000:secret:nowhere-AbCdEf";
    let allow = json!({ "tags": ["*"], "actions": ["Add"], "machines": 1 });
    let sources = json!({ "sources": [
        { "name": "a", "verify": { "scheme": "github", "secrets_arn": nowhere }, "allow": allow },
        { "name": "b", "verify": { "scheme": "bearer", "secrets": [local::loopback::KEY], "weak_secret": true }, "allow": allow },
    ]});
    let app = fixture.relay_with([("SOURCES", &sources.to_string())]).await;
    assert_eq!(Ask::hook("a", "{}").send_to(&app).await.status, 503);
    assert_eq!(get("/v1/budget").send_to(&app).await.status, 200, "others are not kept from working");
    let metric = |name| fixture.witness.lines.metric(name);
    assert_eq!((metric("SecretsFailures"), metric("StoreFailures")), (vec![1, 1], vec![]));
}

#[tokio::test]
async fn an_entry_that_cannot_be_read_is_counted() {
    let fixture = Fixture::new().await;
    dead_entry(&fixture).await;
    fixture.schedule().await;
    assert_eq!(fixture.witness.lines.metric("SetAside"), [1]);
}

#[tokio::test]
async fn a_start_is_counted_once() {
    let fixture = Fixture::with_system_clock([]).await;
    let mut function = Function::start(&fixture, true).await;
    for _ in 0..2 {
        assert_eq!(function.invoke(&get("/v1/health")).await.status, 200);
    }
    assert_eq!(fixture.witness.lines.metric("ColdStarts"), [1]);
}
