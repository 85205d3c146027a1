use local::runtime_api::DEADLINE_MS;
use simulator::TokenFault;

use crate::support::{Ask, Function, World, get, machine};

#[tokio::test]
async fn the_answer_comes_early_and_the_call_in_flight_is_finished_before_the_function_rests() {
    let world = World::on_the_systems_clock([("RESPOND_WITHIN_MS", "200")]).await;
    world.simulator().switch(|s| s.latency_ms = 3000);
    let mut function = Function::start(&world, true).await;
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, answer.outcome(0)), (202, "pending"));
    assert_eq!(function.times_rested(), 1, "it has not rested since the event came");

    function.rested(2).await;
    assert_eq!((world.calls(), world.simulator().arrivals()[0].status), (1, 200));
    let looked = function.invoke(&get(&format!("/v1/tag-requests/{}", answer.id()))).await;
    assert_eq!(looked.outcome(0), "applied");
}

#[tokio::test]
async fn where_there_are_no_extensions_the_answer_waits_for_the_call_in_flight() {
    let world = World::on_the_systems_clock([("RESPOND_WITHIN_MS", "100")]).await;
    world.simulator().switch(|s| s.latency_ms = 800);
    let mut function = Function::start(&world, false).await;
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.status, world.simulator().arrivals()[0].status), (202, 200));
}

async fn until_a_token_is_asked_for(world: &World) {
    world.until(|| world.simulator().token_requests() > 0).await;
}

#[tokio::test]
async fn the_token_is_fetched_before_a_request_needs_it() {
    let world = World::on_the_systems_clock([]).await;
    let mut function = Function::start(&world, true).await;
    assert_eq!(function.invoke(&get("/v1/health")).await.status, 200);
    until_a_token_is_asked_for(&world).await;
    assert_eq!(world.calls(), 0);
    let answer = function.invoke(&Ask::add("vip", &[machine(1)])).await;
    assert_eq!((answer.outcome(0), world.simulator().token_requests()), ("applied", 1));
}

#[tokio::test]
async fn an_entra_that_does_not_answer_keeps_no_start_from_its_end() {
    let world = World::on_the_systems_clock([]).await;
    world.simulator().next_token(TokenFault::Slow { ms: 60_000 });
    let mut function = Function::start(&world, true).await;
    until_a_token_is_asked_for(&world).await;
    assert_eq!(function.invoke(&get("/v1/health")).await.status, 200);
}

#[tokio::test]
async fn a_function_that_cannot_start_says_why_and_ends() {
    // The one is a fault of a setting, the other of a text that is read while the extension registers.
    for variable in ["LOG_LEVEL", "SOURCES"] {
        let world = World::on_the_systems_clock([]).await;
        let mut function = Function::start_with(&world, true, DEADLINE_MS, [(variable, "{}")]).await;
        assert_eq!(function.until_gone().await.code(), Some(1), "{variable}");
        let told = world.witness.lines.of("the relay cannot start");
        assert!(told[0]["error"].as_str().unwrap().contains(variable), "{told:?}");
    }
}
