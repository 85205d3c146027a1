//! The audit trail: one search for a machine's id finds who asked for what, when, and what became of it.

use serde_json::Value;

use crate::support::{Ask, Rude, Rudeness, World, machine, machines, retry, unknown_machine};

/// The lines that name a machine, as the query of `docs/logging.md` finds them.
fn found(world: &World, machine: &str) -> Vec<(String, String, String, String)> {
    let lines = ["accepted", "outcome"].map(|message| world.witness.lines.of(message)).concat();
    let names = |line: &&Value| line["machine_ids"].as_str().unwrap().contains(machine);
    let field = |line: &Value, name: &str| line[name].as_str().unwrap_or("–").to_owned();
    let told = |line: &Value| {
        (field(line, "source"), field(line, "action"), field(line, "tag"), field(line, "outcome"))
    };
    lines.iter().filter(names).map(told).collect()
}

#[tokio::test]
async fn one_search_tells_who_asked_for_which_tag_on_a_machine_and_what_became_of_it() {
    let world = World::new().await;
    Ask::add("vip", &[machine(1), unknown_machine(1)]).send(&world).await;
    Ask::of_file("pagerduty", &world).send(&world).await;
    let line = |action: &str, tag: &str, outcome: &str| {
        ("soar".to_owned(), action.to_owned(), tag.to_owned(), outcome.to_owned())
    };
    assert_eq!(found(&world, &machine(1)), [line("Add", "vip", "–"), line("Add", "vip", "applied")]);
    let unknown = found(&world, &unknown_machine(1));
    assert_eq!(unknown, [line("Add", "vip", "–"), line("Add", "vip", "unknown_machine")]);
}

#[tokio::test]
async fn a_request_that_comes_again_is_not_told_as_another() {
    let world = World::new().await;
    let ask = Ask::add("vip", &[machine(1)]).key("a");
    ask.send(&world).await;
    ask.send(&world).await;
    assert_eq!(world.witness.lines.of("accepted").len(), 1);
    assert_eq!(world.witness.lines.of("request").len(), 2, "both requests have their line");
}

#[tokio::test]
async fn a_request_is_told_although_the_answer_to_its_first_writing_was_lost() {
    let world = World::new().await;
    let table = Rude::to(&world.loopback.engine.url());
    let app = world.relay_between(&table.url, &world.simulator().url()).await;
    table.be_to("PutItem", Some(Rudeness::ResetCarriedOut)).await;
    let asked = Ask::add("vip", &[machine(1)]).at_once();
    let polite_again = async {
        table.until_met().await;
        table.be(None).await;
    };
    let (answer, ()) = tokio::join!(world.ask(&app, &asked), polite_again);
    assert_eq!((answer.status, world.witness.lines.of("accepted").len()), (202, 1));
}

#[tokio::test]
async fn a_large_request_is_told_in_lines_that_cloudwatch_takes() {
    let world = World::new().await;
    Ask::add("vip", &machines(0..1234)).send(&world).await;
    for message in ["accepted", "outcome"] {
        let lines = world.witness.lines.of(message);
        assert!(lines.iter().all(|line| line.to_string().len() < 256 * 1024));
        let named = lines.iter().map(|line| line["machine_ids"].as_str().unwrap().split(' ').count());
        assert_eq!(named.sum::<usize>(), 1234, "{message}: each machine once");
    }
    assert_eq!(world.witness.lines.metric("Accepted").iter().sum::<i64>(), 1);
}

#[tokio::test]
async fn a_machine_that_is_tried_again_is_told_again_and_the_others_are_not() {
    let world = World::new().await;
    world.simulator().switch(|s| s.refused_machines = [machine(3)].into());
    let answer = Ask::add("vip", &machines(0..8)).send(&world).await;
    world.simulator().switch(|s| s.refused_machines.clear());
    retry(&answer.id()).send(&world).await;
    let outcomes: Vec<_> = found(&world, &machine(3)).into_iter().map(|line| line.3).collect();
    assert_eq!(outcomes, ["–", "–", "rejected", "applied"]);
    assert_eq!(found(&world, &machine(1)).len(), 2);
}
