//! The audit trail: a search for a machine's id finds who asked for what, when, and the outcome.

use serde_json::Value;

use crate::support::{Ask, FaultyProxy, Fixture, NetworkFault, machine, machines, retry, unknown_machine};

/// The lines that name a machine, as the query of `docs/logging.md` finds them.
fn found(fixture: &Fixture, machine: &str) -> Vec<(String, String, String, String)> {
    let lines = ["accepted", "outcome"].map(|message| fixture.witness.lines.of(message)).concat();
    let names = |line: &&Value| line["machine_ids"].as_str().unwrap().contains(machine);
    let field = |line: &Value, name: &str| line[name].as_str().unwrap_or("–").to_owned();
    let told = |line: &Value| {
        (field(line, "source"), field(line, "action"), field(line, "tag"), field(line, "outcome"))
    };
    lines.iter().filter(names).map(told).collect()
}

#[tokio::test]
async fn one_search_tells_who_asked_for_which_tag_on_a_machine_and_what_became_of_it() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &[machine(1), unknown_machine(1)]).send(&fixture).await;
    Ask::of_file("pagerduty", &fixture).send(&fixture).await;
    let line = |action: &str, tag: &str, outcome: &str| {
        ("soar".to_owned(), action.to_owned(), tag.to_owned(), outcome.to_owned())
    };
    assert_eq!(found(&fixture, &machine(1)), [line("Add", "vip", "–"), line("Add", "vip", "applied")]);
    let unknown = found(&fixture, &unknown_machine(1));
    assert_eq!(unknown, [line("Add", "vip", "–"), line("Add", "vip", "unknown_machine")]);
}

#[tokio::test]
async fn a_request_that_comes_again_is_not_told_as_another() {
    let fixture = Fixture::new().await;
    let ask = Ask::add("vip", &[machine(1)]).key("a");
    ask.send(&fixture).await;
    ask.send(&fixture).await;
    assert_eq!(fixture.witness.lines.of("accepted").len(), 1);
    assert_eq!(fixture.witness.lines.of("request").len(), 2, "both requests have their line");
}

#[tokio::test]
async fn a_request_is_told_although_the_answer_to_its_first_writing_was_lost() {
    let fixture = Fixture::new().await;
    let table = FaultyProxy::to(&fixture.loopback.engine.url());
    let app = fixture.relay_between(&table.url, &fixture.simulator().url()).await;
    table.set_fault_for("PutItem", Some(NetworkFault::ResetCarriedOut)).await;
    let asked = Ask::add("vip", &[machine(1)]).at_once();
    let polite_again = async {
        table.until_met().await;
        table.set_fault(None).await;
    };
    let (answer, ()) = tokio::join!(fixture.ask(&app, &asked), polite_again);
    assert_eq!((answer.status, fixture.witness.lines.of("accepted").len()), (202, 1));
}

#[tokio::test]
async fn a_large_request_is_told_in_lines_that_cloudwatch_takes() {
    let fixture = Fixture::new().await;
    Ask::add("vip", &machines(0..1234)).send(&fixture).await;
    for message in ["accepted", "outcome"] {
        let lines = fixture.witness.lines.of(message);
        assert!(lines.iter().all(|line| line.to_string().len() < 256 * 1024));
        let named = lines.iter().map(|line| line["machine_ids"].as_str().unwrap().split(' ').count());
        assert_eq!(named.sum::<usize>(), 1234, "{message}: each machine once");
    }
    assert_eq!(fixture.witness.lines.metric("Accepted").iter().sum::<i64>(), 1);
}

#[tokio::test]
async fn a_machine_that_is_tried_again_is_told_again_and_the_others_are_not() {
    let fixture = Fixture::new().await;
    fixture.simulator().switch(|s| s.refused_machines = [machine(3)].into());
    let answer = Ask::add("vip", &machines(0..8)).send(&fixture).await;
    fixture.simulator().switch(|s| s.refused_machines.clear());
    retry(&answer.id()).send(&fixture).await;
    let outcomes: Vec<_> = found(&fixture, &machine(3)).into_iter().map(|line| line.3).collect();
    assert_eq!(outcomes, ["–", "–", "rejected", "applied"]);
    assert_eq!(found(&fixture, &machine(1)).len(), 2);
}
