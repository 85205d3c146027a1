use crate::support::{Ask, World, get, machine, machines};

#[tokio::test]
async fn the_budget_shows_what_is_used_and_what_waits() {
    let world = World::new().await;
    Ask::add("vip", &[machine(1)]).send(&world).await;
    let budget = world.budget().await;
    assert_eq!(budget["minute"], serde_json::json!({ "limit": 100, "used": 1, "remaining": 99 }));
    assert_eq!(budget["hour"], serde_json::json!({ "limit": 1500, "used": 1, "remaining": 1499 }));
    assert_eq!(
        (&budget["pausedUntil"], &budget["backlog"]["requests"]),
        (&serde_json::Value::Null, &0.into())
    );
    assert_eq!(get("/v1/budget").bearer("wrong").send(&world).await.status, 401);
}

#[tokio::test]
async fn no_minute_and_no_hour_has_a_call_too_many_while_a_flood_is_drained() {
    let world = World::with([("MACHINES_PER_CALL", "1"), ("CALLS_PER_HOUR", "300")]).await;
    world.simulator().switch(|s| s.calls_per_hour = 300);
    for part in 0..3 {
        Ask::add("vip", &machines(part * 200..(part + 1) * 200)).at_once().send(&world).await;
    }
    world.app().relay.until_idle().await;
    world.schedule_until_empty().await;
    assert_eq!(world.calls(), 600, "each machine in one call, none refused, none twice");
    assert!(world.simulator().arrivals().iter().all(|call| call.status == 200));
    assert!(world.simulator().most_in_window(60_000) <= 100);
    assert!(world.simulator().most_in_window(3_600_000) <= 300);
}

#[tokio::test]
async fn routine_requests_leave_the_reserve_to_urgent_ones() {
    let sources = r#"{"sources": [{"name": "ir", "verify": {"scheme": "bearer", "secrets": ["ir"]}, "priority": "urgent",
        "allow": {"tags": ["*"], "actions": ["Add"], "machines": 10000}}]}"#;
    let world = World::with([("MACHINES_PER_CALL", "1"), ("SOURCES", sources)]).await;
    let mut routine = serde_json::json!({ "Value": "vip", "Action": "Add", "Priority": "routine" });
    routine["MachineIds"] = machines(0..200).into();
    let answer = Ask::native(&routine).bearer("ir").at_once().send(&world).await;
    assert_eq!(answer.status, 202);
    world.app().relay.until_idle().await;
    assert_eq!(world.calls(), 85, "15 of 100 calls are left to urgent requests");
    let urgent = Ask::add("urgent", &[machine(1)]).bearer("ir").send(&world).await;
    assert_eq!((urgent.status, urgent.outcome(0)), (200, "applied"));
}
