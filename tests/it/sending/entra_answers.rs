use simulator::TokenFault;

use crate::support::{Ask, Fixture, Gate, machine};

fn refused(aadsts: u32) -> TokenFault {
    TokenFault::Status { status: 401, error: "invalid_client".into(), aadsts, retry_after_s: None }
}

#[tokio::test]
async fn a_token_is_asked_for_once_however_many_calls_need_it() {
    let fixture = Fixture::with([("MACHINES_PER_CALL", "1")]).await;
    let list: Vec<_> = (0..8).map(machine).collect();
    Ask::add("vip", &list).send(&fixture).await;
    assert_eq!((fixture.calls(), fixture.simulator().token_requests()), (8, 1));
}

#[tokio::test]
async fn a_token_is_replaced_before_its_end() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &[machine(1)]).send(&fixture).await;
    fixture.pass_s(3599 - 301);
    Ask::add("vip", &[machine(2)]).send(&fixture).await;
    assert_eq!(fixture.simulator().token_requests(), 1);
    fixture.pass_s(2);
    Ask::add("vip", &[machine(3)]).send(&fixture).await;
    assert_eq!(fixture.simulator().token_requests(), 2);
}

#[tokio::test]
async fn a_life_given_as_a_text_is_understood() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.token_expires_in_as_string = true);
    assert_eq!(Ask::add("vip", &[machine(1)]).send(&fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn an_expired_secret_stops_the_drain_and_says_what_to_do() {
    let fixture = Fixture::new().await;
    fixture.simulator().next_token(refused(7_000_222));
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!((answer.status, fixture.calls()), (202, 0));
    let reason = fixture.budget().await["heldUp"]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("AADSTS7000222") && reason.contains("expired"), "{reason}");
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn a_passing_failure_of_entra_is_tried_again() {
    for fault in [TokenFault::NotJson, TokenFault::Reset] {
        let fixture = Fixture::new().await;
        fixture.simulator().next_token(fault.clone());
        assert_eq!(Ask::add("vip", &[machine(1)]).send(&fixture).await.outcome(0), "applied", "{fault:?}");
    }
}

#[tokio::test]
async fn a_throttled_token_request_waits_and_costs_no_permit() {
    let fixture = Fixture::new().await;
    let throttled =
        TokenFault::Status { status: 429, error: "throttled".into(), aadsts: 0, retry_after_s: Some(60) };
    fixture.simulator().next_token(throttled);
    let answer = Ask::add("vip", &[machine(1)]).header("prefer", "wait=1").send(&fixture).await;
    assert_eq!((answer.status, fixture.budget().await["hour"]["used"].as_u64()), (202, Some(0)));
    fixture.pass_s(58);
    fixture.schedule().await;
    assert_eq!(fixture.simulator().token_requests(), 1, "Entra asked for a minute");
    fixture.schedule_until_empty().await;
    assert_eq!(answer.now(&fixture).await.outcome(0), "applied");
}

#[tokio::test]
async fn a_government_regions_token_is_asked_for_its_own_scope() {
    for (region, host) in [("gcc", "api-gcc"), ("gcc-high", "api-gov")] {
        let fixture = Fixture::new().await;
        let simulator = fixture.simulator().url();
        let (gate, entra) = Gate::before(simulator.clone(), |_| false).await;
        let variables =
            [("DEFENDER_REGION", region), ("LOGIN_ENDPOINT", &entra), ("DEFENDER_ENDPOINT", &simulator)];
        let app = fixture.relay_with(variables).await;
        let answer = Ask::add("vip", &[machine(1)]).send_to(&app).await;
        assert_eq!((answer.status, answer.outcome(0)), (200, "applied"), "{region}");
        let scope = format!("scope=https%3A%2F%2F{host}.securitycenter.microsoft.us%2F.default");
        assert!(gate.has_passed(&scope), "{region}: {scope}");
    }
}
