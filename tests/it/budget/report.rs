use crate::support::{Ask, Fixture, get, long_or_short, machine, machines};

#[tokio::test]
async fn the_budget_shows_what_is_used_and_what_waits() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &[machine(1)]).send(&fixture).await;
    let budget = fixture.budget().await;
    assert_eq!(budget["minute"], serde_json::json!({ "limit": 100, "used": 1, "remaining": 99 }));
    assert_eq!(budget["hour"], serde_json::json!({ "limit": 1500, "used": 1, "remaining": 1499 }));
    assert_eq!(
        (&budget["pausedUntil"], &budget["backlog"]["requests"]),
        (&serde_json::Value::Null, &0.into())
    );
    assert_eq!(get("/v1/budget").bearer("wrong").send(&fixture).await.status, 401);
}

#[tokio::test]
async fn no_minute_and_no_hour_has_a_call_too_many_while_a_flood_is_drained() {
    // Two hours' calls: the second hour begins where the first one is full.
    let an_hour = long_or_short(300, 150);
    let limit = an_hour.to_string();
    let fixture = Fixture::with([("MACHINES_PER_CALL", "1"), ("CALLS_PER_HOUR", &limit)]).await;
    fixture.simulator().switch(|s| s.calls_per_hour = an_hour);
    for part in 0..4 {
        let part = machines(part * an_hour / 2..(part + 1) * an_hour / 2);
        Ask::add("vip", &part).at_once().send(&fixture).await;
    }
    fixture.app().relays.until_idle().await;
    fixture.schedule_until_empty().await;
    assert_eq!(fixture.calls(), 2 * an_hour, "each machine in one call, none refused, none twice");
    assert!(fixture.simulator().arrivals().iter().all(|call| call.status == 200));
    assert!(fixture.simulator().most_in_window(60_000) <= 100);
    assert!(fixture.simulator().most_in_window(3_600_000) <= an_hour);
}

#[tokio::test]
async fn routine_requests_leave_the_reserve_to_urgent_ones() {
    let sources = r#"{"sources": [{"name": "ir", "verify": {"scheme": "bearer", "secrets": ["ir"], "weak_secret": true}, "priority": "urgent",
        "allow": {"tags": ["*"], "actions": ["Add"], "machines": 10000}}]}"#;
    let fixture = Fixture::with([("MACHINES_PER_CALL", "1"), ("SOURCES", sources)]).await;
    let mut routine = serde_json::json!({ "Value": "vip", "Action": "Add", "Priority": "routine" });
    routine["MachineIds"] = machines(0..200).into();
    let answer = Ask::native(&routine).bearer("ir").at_once().send(&fixture).await;
    assert_eq!(answer.status, 202);
    fixture.app().relays.until_idle().await;
    assert_eq!(fixture.calls(), 85, "15 of 100 calls are left to urgent requests");
    let urgent = Ask::add("urgent", &[machine(1)]).bearer("ir").send(&fixture).await;
    assert_eq!((urgent.status, urgent.outcome(0)), (200, "applied"));
}

#[tokio::test]
async fn verified_answers_show_the_budget_in_their_header() {
    let fixture = Fixture::new().await;
    let policy = r#""minute";q=100;w=60, "hour";q=1500;w=3600"#;
    let nothing_seen = get("/v1/tag-requests/1").send(&fixture).await;
    assert_eq!(nothing_seen.headers["ratelimit-policy"], serde_json::Value::Null, "{nothing_seen:?}");
    let invalid = Ask::raw("{}").send(&fixture).await;
    assert_eq!((invalid.status, &invalid.headers["ratelimit-policy"]), (400, &policy.into()));
    assert_eq!(invalid.headers["ratelimit"], serde_json::Value::Null, "nothing is known yet");
    let sent = Ask::add("vip", &[machine(1)]).send(&fixture).await;
    assert_eq!(sent.headers["ratelimit"], r#""minute";r=99;t=74, "hour";r=1499;t=3633"#);
    fixture.pass_s(70);
    let budget = get("/v1/budget").send(&fixture).await;
    assert_eq!(budget.headers["ratelimit"], r#""minute";r=99;t=4, "hour";r=1499;t=3563"#);
    assert_eq!(budget.headers["ratelimit-policy"], policy);
    for open in [get("/v1/health"), get("/v1/budget").bearer("wrong")] {
        assert_eq!(open.send(&fixture).await.headers["ratelimit-policy"], serde_json::Value::Null);
    }
}

#[tokio::test]
async fn a_429_pauses_every_instance_and_charges_the_rest_of_the_minute_to_somebody_else() {
    let fixture = Fixture::new().await;
    fixture.simulator().next(simulator::Fault::TooManyRequests { retry_after_s: Some(30) });
    let answer = Ask::add("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    assert_eq!((answer.status, fixture.calls()), (202, 1));
    let budget = fixture.budget().await;
    assert_eq!(budget["minute"]["remaining"], 0);
    assert_eq!(
        budget["hour"]["used"], 100,
        "one stray 429 takes no more than a minute's calls from the hour"
    );
    let relay = fixture.another_relay().await;
    Ask::add("other", &[machine(1)]).at_once().send_to(&relay).await;
    relay.relays.until_idle().await;
    assert_eq!(fixture.calls(), 1, "the pause holds for every instance");
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(&fixture).await.status, 200);
    assert_eq!(fixture.calls(), 3);
}
