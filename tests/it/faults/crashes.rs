//! An instance dies between two of its steps. Nothing is lost, doubled or out of order.

use std::collections::BTreeMap;

use defender_tag_relay::http::App;
use simulator::history::History;

use crate::support::{Ask, Cut, Fixture, Lines, get, machine, sample_steps, unknown_machine};

/// More steps than a run has, so that the search for its end is bounded.
const STEPS_MAX: usize = 200;
/// Steps from one death to the next in a normal run.
const STEPS_BETWEEN: usize = 8;

fn asks() -> [Ask; 4] {
    let unknown = unknown_machine(1);
    [
        Ask::add("vip", &[machine(1), machine(2), unknown]).key("first"),
        Ask::remove("vip", &[machine(2), machine(3)]).key("second"),
        Ask::add("other", &[machine(1)]).key("third"),
        Ask::add("vip", &[machine(3)]).key("fourth").at_once(),
    ]
}

/// Sends everything to an instance that dies at the cut. Sends what it does not answer to another instance.
/// Returns whether it died.
async fn run(cut: Cut) -> bool {
    let fixture = Fixture::new().await;
    let engine = fixture.loopback.engine.url();
    let simulator = fixture.simulator().url();
    let lines = Lines::start(engine, simulator, cut).await;
    let dying = fixture.relay_behind(&lines).await;
    let history = History::default();
    let mut died = false;
    for ask in asks() {
        let sent = history.sending(fixture.app().clock().now().ms());
        history.tried(&ask.asked());
        let answered = if died { None } else { answer_of(&fixture, &dying, &ask, &lines).await };
        died |= answered.is_none();
        let id = match answered {
            Some(id) => id,
            None => ask.clone().at_once().send(&fixture).await.id(),
        };
        history.answered(ask.asked(), id, sent);
    }
    tokio::select! {
        () = dying.relays.until_idle() => {}
        () = lines.cut() => died = true,
    }
    fixture.pass_s(42);
    fixture.schedule_until_empty().await;
    fixture.every_call_had_a_permit(0).await;
    let mut shown = BTreeMap::new();
    for id in history.ids() {
        shown.insert(id.clone(), get(&format!("/v1/tag-requests/{id}")).send(&fixture).await.body);
    }
    history.judge(fixture.simulator(), &shown).unwrap_or_else(|wrong| panic!("{cut:?}: {wrong}"));
    died
}

/// The id of the accepted request, or `None` if the instance dies before it answers.
async fn answer_of(fixture: &Fixture, dying: &App, ask: &Ask, lines: &Lines) -> Option<String> {
    tokio::select! {
        biased;
        answer = fixture.ask(dying, ask) => Some(answer.id()),
        () = lines.cut() => None,
    }
}

async fn at_every_step(cut: fn(usize) -> Cut) {
    for step in sample_steps(STEPS_MAX, STEPS_BETWEEN) {
        if !run(cut(step)).await {
            assert!(step > 20, "a run has more than {step} steps");
            return;
        }
    }
    panic!("a run has more than {STEPS_MAX} steps");
}

#[tokio::test]
async fn a_death_before_any_step_loses_nothing() {
    at_every_step(Cut::Before).await;
}

#[tokio::test]
async fn a_death_after_any_step_loses_nothing() {
    at_every_step(Cut::After).await;
}
