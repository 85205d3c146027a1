use simulator::TokenFault;
use simulator::aws::runtime_api::DEADLINE_MS;

use crate::support::{Ask, Fixture, Function, Gate, get, machine};

#[tokio::test]
async fn the_answer_comes_early_and_the_call_in_flight_is_finished_before_the_function_rests() {
    let fixture = Fixture::with_system_clock([("RESPOND_WITHIN_MS", "200")]).await;
    let (defender, defender_url) =
        Gate::before(fixture.simulator().url(), |request| request.contains("AddOrRemove")).await;
    let variables = [("DEFENDER_ENDPOINT", defender_url.as_str())];
    let mut function = Function::start_with(&fixture, true, DEADLINE_MS, variables).await;
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, answer.outcome(0)), (202, "pending"));
    assert_eq!(function.times_rested(), 1, "it has not rested since the event came");

    defender.open();
    function.rested(2).await;
    assert_eq!((fixture.calls(), fixture.simulator().arrivals()[0].status), (1, 200));
    let looked = function.invoke(&get(&format!("/v1/tag-requests/{}", answer.id()))).await;
    assert_eq!(looked.outcome(0), "applied");
}

#[tokio::test]
async fn where_there_are_no_extensions_the_answer_waits_for_the_call_in_flight() {
    let fixture = Fixture::with_system_clock([("RESPOND_WITHIN_MS", "100")]).await;
    fixture.simulator().switch(|s| s.latency_ms = 800);
    let mut function = Function::start(&fixture, false).await;
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, fixture.simulator().arrivals()[0].status), (202, 200));
}

async fn until_a_token_is_asked_for(fixture: &Fixture) {
    fixture.until(|| fixture.simulator().token_requests() > 0).await;
}

#[tokio::test]
async fn the_token_is_fetched_before_a_request_needs_it() {
    let fixture = Fixture::with_system_clock([]).await;
    let mut function = Function::start(&fixture, true).await;
    assert_eq!(function.invoke(&get("/v1/health")).await.status, 200);
    until_a_token_is_asked_for(&fixture).await;
    assert_eq!(fixture.calls(), 0);
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.outcome(0), fixture.simulator().token_requests()), ("applied", 1));
}

#[tokio::test]
async fn an_entra_that_does_not_answer_keeps_no_start_from_its_end() {
    let fixture = Fixture::with_system_clock([]).await;
    fixture.simulator().next_token(TokenFault::Slow { ms: 60_000 });
    let mut function = Function::start(&fixture, true).await;
    until_a_token_is_asked_for(&fixture).await;
    assert_eq!(function.invoke(&get("/v1/health")).await.status, 200);
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why_and_ends() {
    // `LOG_LEVEL` is a faulty setting. `SOURCES` is a faulty text that is read while the extension registers.
    for variable in ["LOG_LEVEL", "SOURCES"] {
        let fixture = Fixture::with_system_clock([]).await;
        let mut function = Function::start_with(&fixture, true, DEADLINE_MS, [(variable, "{}")]).await;
        assert_eq!(function.until_gone().await.code(), Some(1), "{variable}");
        let told = fixture.witness.lines.of("the relay cannot start");
        assert!(told[0]["error"].as_str().unwrap().contains(variable), "{told:?}");
    }
}
