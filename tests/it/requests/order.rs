use crate::support::{Ask, Fixture, long_or_short, machine, machines};

#[tokio::test]
async fn of_requests_that_wait_together_the_last_decides_and_the_others_are_superseded() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.down = true);
    let add = Ask::add("vip", &machines(0..3)).at_once().send(&fixture).await;
    let remove = Ask::remove("vip", &[machine(1)]).at_once().send(&fixture).await;
    fixture.app().relays.until_idle().await;
    fixture.simulator().switch(|s| s.down = false);
    fixture.schedule_until_empty().await;
    let add = add.now(&fixture).await;
    let remove = remove.now(&fixture).await;
    assert_eq!((add.count("applied"), add.outcome(1), remove.outcome(0)), (2, "superseded", "applied"));
    assert!(fixture.carries(&machine(0), "vip") && !fixture.carries(&machine(1), "vip"));
}

#[tokio::test]
async fn add_remove_and_add_from_three_instances_always_end_as_the_last_answered_says() {
    let rounds = long_or_short(1_000, 60);
    let fixture = Fixture::new().await;
    let instances =
        [fixture.another_relay().await, fixture.another_relay().await, fixture.another_relay().await];
    for round in 0..rounds {
        let list = [machine(round)];
        let asks = [Ask::add("vip", &list), Ask::remove("vip", &list), Ask::add("vip", &list)];
        for (place, ask) in asks.iter().enumerate() {
            let app = &instances[(round + place) % instances.len()];
            assert_eq!(ask.clone().at_once().send_to(app).await.status, 202);
        }
    }
    for app in &instances {
        app.relays.until_idle().await;
    }
    fixture.schedule_until_empty().await;
    assert!(
        fixture.simulator().arrivals().iter().any(|call| call.action == "Remove"),
        "drains ran in between"
    );
    let wrong: Vec<_> = (0..rounds).filter(|&round| !fixture.carries(&machine(round), "vip")).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn tags_that_differ_by_case_alone_are_changed_in_order_whatever_defender_makes_of_case() {
    for tag_case_matters in [true, false] {
        let fixture = Fixture::new().await;
        fixture.simulator().switch(|s| {
            s.tag_case_matters = tag_case_matters;
            s.down = true;
        });
        Ask::add("VIP", &[machine(1)]).at_once().send(&fixture).await;
        Ask::remove("vip", &[machine(1)]).at_once().send(&fixture).await;
        fixture.app().relays.until_idle().await;
        fixture.simulator().switch(|s| s.down = false);
        fixture.schedule_until_empty().await;
        assert_eq!(fixture.carries(&machine(1), "VIP"), tag_case_matters);
    }
}
