//! The alarms of `template.yaml` while a failure lasts, by what each minute's schedule counts.

use std::collections::BTreeSet;

use simulator::{Fault, TokenFault};

use crate::support::alarm::{Alarm, Minutes, Watch};
use crate::support::template::{resources, template};
use crate::support::{Ask, Fixture, machine, machines};

/// Minutes of an hour.
const HOUR: usize = 60;
/// Minutes after which an alarm has noticed a failure.
const NOTICED_AFTER: usize = 3;

/// Lets a request wait for an hour in which it cannot be sent.
async fn hour(fixture: &Fixture) -> Watch {
    Ask::add("vip", &[machine(1)]).at_once().send(fixture).await;
    let mut watch = Watch::default();
    watch.minutes(fixture, HOUR).await;
    watch
}

fn assert_stays_on(fixture: &Fixture, watch: &Watch, alarm: &str) {
    let course = watch.course(fixture, alarm);
    let off: Vec<_> = (NOTICED_AFTER - 1..HOUR).filter(|minute| !course[*minute]).collect();
    assert_eq!(off, Vec::<usize>::new(), "minutes in which {alarm} is off");
}

#[tokio::test]
async fn the_alarms_stay_on_while_defender_is_down_and_go_off_after_it() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let mut watch = hour(&fixture).await;
    assert_stays_on(&fixture, &watch, "HeldUpAlarm");
    assert_stays_on(&fixture, &watch, "DefenderFailuresAlarm");
    fixture.simulator().switch(|s| s.down = false);
    watch.minutes(&fixture, HOUR / 2).await;
    for alarm in ["HeldUpAlarm", "DefenderFailuresAlarm"] {
        assert_eq!(watch.course(&fixture, alarm).last(), Some(&false), "{alarm}");
    }
}

#[tokio::test]
async fn the_alarms_stay_on_while_the_app_may_not() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.roles.clear());
    let watch = hour(&fixture).await;
    assert_stays_on(&fixture, &watch, "HeldUpAlarm");
    assert_stays_on(&fixture, &watch, "PermissionMissingAlarm");
}

#[tokio::test]
async fn the_alarms_stay_on_while_entra_refuses_the_app() {
    let fixture = Fixture::with([("CLIENT_SECRET", "another-word-than-the-app-has")]).await;
    let watch = hour(&fixture).await;
    assert_stays_on(&fixture, &watch, "HeldUpAlarm");
    assert_stays_on(&fixture, &watch, "TokenFailuresAlarm");
}

#[tokio::test]
async fn the_alarms_stay_on_while_entra_is_down() {
    let fixture = Fixture::new().await;
    for _ in 0..10 * HOUR {
        fixture.simulator().next_token(TokenFault::NotJson);
    }
    let watch = hour(&fixture).await;
    assert_stays_on(&fixture, &watch, "HeldUpAlarm");
    assert_stays_on(&fixture, &watch, "TokenFailuresAlarm");
}

#[tokio::test]
async fn a_pause_that_defender_asked_for_holds_up() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(3600) });
    let watch = hour(&fixture).await;
    assert_stays_on(&fixture, &watch, "HeldUpAlarm");
}

#[tokio::test]
async fn a_spent_budget_is_no_failure_even_where_it_holds_up_what_is_urgent() {
    let sources = r#"{"sources": [{"name": "ir", "verify": {"scheme": "bearer", "secrets": ["ir"], "weak_secret": true}, "priority": "urgent",
        "allow": {"tags": ["*"], "actions": ["Add"], "machines": 10}}]}"#;
    let fixture =
        Fixture::with([("SOURCES", sources), ("CALLS_PER_HOUR", "2"), ("MACHINES_PER_CALL", "1")]).await;
    Ask::add("vip", &machines(0..4)).bearer("ir").at_once().send(&fixture).await;
    let mut watch = Watch::default();
    watch.minutes(&fixture, HOUR).await;
    assert!(!watch.course(&fixture, "HeldUpAlarm").contains(&true));
    let held_up_by = fixture.witness.lines.of("backlog")[0]["held_up_by"].clone();
    assert_eq!((fixture.calls(), held_up_by.as_str()), (2, Some("budget_spent")));
}

#[tokio::test]
async fn a_schedule_that_falls_silent_is_noticed() {
    let fixture = Fixture::new().await;
    let mut watch = Watch::default();
    watch.minutes(&fixture, HOUR / 4).await;
    watch.silent_minutes(&fixture, 10);
    let course = watch.course(&fixture, "ScheduleSilentAlarm");
    assert!(!course[..HOUR / 4].contains(&true), "an empty backlog has a value each minute: {course:?}");
    assert_eq!(course.last(), Some(&true), "{course:?}");
    assert_eq!(fixture.witness.lines.metric("OldestRequestAge"), [0; HOUR / 4]);
}

/// The values at which each alarm must go on, and those at which it must not. A line's zero is another tenant's.
fn alarms() -> Vec<(&'static str, Minutes, Minutes)> {
    let once = || vec![vec![1]];
    let none = || vec![vec![]; HOUR];
    vec![
        ("HeldUpAlarm", vec![vec![0, 1]; 3], vec![vec![0], vec![0, 1], vec![1, 0]]),
        ("OldestRequestAgeAlarm", vec![vec![900, 0]; 3], vec![vec![0], vec![900], vec![0, 1200]]),
        ("ScheduleSilentAlarm", none(), vec![vec![0], vec![], vec![], vec![], vec![]]),
        ("ThrottledAlarm", once(), none()),
        ("ExpiredAlarm", once(), none()),
        ("RejectedAlarm", once(), none()),
        ("DefenderFailuresAlarm", vec![vec![1, 1], vec![1], vec![1]], vec![vec![1, 1], vec![1, 1]]),
        ("TokenFailuresAlarm", once(), none()),
        ("PermissionMissingAlarm", once(), none()),
        ("VerificationFailuresAlarm", vec![vec![1; 4]; 5], vec![vec![1; 3]; 5]),
        ("UnfitWebhooksAlarm", once(), none()),
        ("StoreFailuresAlarm", once(), none()),
        ("SecretsFailuresAlarm", once(), none()),
        ("SetAsideAlarm", once(), none()),
        ("ClockRefusalsAlarm", once(), none()),
        ("FunctionErrorsAlarm", once(), none()),
        ("FunctionThrottlesAlarm", once(), none()),
        ("DeadLettersAlarm", once(), none()),
    ]
}

#[test]
fn every_alarm_goes_on_at_what_it_is_for_and_not_at_less() {
    let alarms = alarms();
    let known: BTreeSet<_> = alarms.iter().map(|(name, ..)| (*name).to_owned()).collect();
    let all = resources(&template(), "AWS::CloudWatch::Alarm").into_iter().map(|(name, _)| name);
    assert_eq!(all.collect::<BTreeSet<_>>(), known);
    for (name, at, not_at) in alarms {
        let alarm = Alarm::named(name);
        assert!(alarm.is_on(&at), "{name} is off at {at:?}");
        assert!(!alarm.is_on(&not_at), "{name} is on at {not_at:?}");
    }
}
