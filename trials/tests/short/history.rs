//! The judge of the trials, given worlds in which something is wrong.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicI64;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::config::Variables;
use local::{Loopback, LoopbackOptions, events};
use serde_json::{Value, json};
use simulator::dynamodb::Storage;
use simulator::history::{History, TagChange};

/// When the runs begin, in milliseconds since the Unix epoch.
const BEGINNING_MS: i64 = 1_800_000_000_000;

/// A relay, what was asked of it, and what it says of that.
struct Run {
    world: Loopback,
    history: History,
    shown: BTreeMap<String, Value>,
}

impl Run {
    async fn new() -> Self {
        let clock = Clock::manual(Arc::new(AtomicI64::new(BEGINNING_MS)));
        let variables = Variables::from([("RESPOND_WITHIN_MS".to_owned(), "25000".to_owned())]);
        let storage = Storage::Memory;
        let options = LoopbackOptions { dynamodb_port: 0, simulator_port: 0, storage, clock, variables };
        let world = Loopback::start(options).await.unwrap();
        Self { world, history: History::default(), shown: BTreeMap::new() }
    }

    /// Has the relay do this. Returns what it says.
    async fn play(&self, asked: &TagChange) -> Value {
        let mut event = events::load("add.json").unwrap();
        let action = if asked.add { "Add" } else { "Remove" };
        let body = json!({ "Value": asked.tag, "Action": action, "MachineIds": asked.machines });
        event["body"] = body.to_string().into();
        let answer = events::play(&self.world.app, event).await.unwrap();
        serde_json::from_str(answer["body"].as_str().unwrap()).unwrap()
    }

    /// Has the relay do this, and says so, or something else, to the judge.
    async fn send(&mut self, add: bool, told: impl FnOnce(&mut Value, &mut TagChange)) {
        let mut asked = vip(add);
        let sent = self.history.sending(self.world.app.clock().now().ms());
        let mut body = self.play(&asked).await;
        let id = body["id"].as_str().unwrap().to_owned();
        told(&mut body, &mut asked);
        self.history.answered(asked, id.clone(), sent);
        self.shown.insert(id, body);
    }

    fn verdict(&self) -> Result<(), String> {
        self.history.judge(&self.world.simulator, &self.shown)
    }

    fn is_found_wrong(&self, why: &str) {
        let verdict = self.verdict();
        assert!(verdict.as_ref().is_err_and(|found| found.contains(why)), "{verdict:?}");
    }
}

fn vip(add: bool) -> TagChange {
    TagChange { tag: "vip".to_owned(), add, machines: vec![machine()] }
}

fn machine() -> String {
    format!("{:040x}", 1)
}

#[tokio::test]
async fn what_is_right_is_found_right() {
    let mut run = Run::new().await;
    run.send(true, |_, _| {}).await;
    run.send(false, |_, _| {}).await;
    assert_eq!(run.verdict(), Ok(()));
}

#[tokio::test]
async fn a_call_that_nobody_asked_for_is_found() {
    let mut run = Run::new().await;
    run.send(true, |_, asked| "other".clone_into(&mut asked.tag)).await;
    run.is_found_wrong("nobody asked for Add");
}

#[tokio::test]
async fn a_machine_that_defender_did_not_list_is_found() {
    let mut run = Run::new().await;
    run.world.simulator.switch(|s| s.unlisted = [machine()].into());
    run.send(true, |body, _| body["machines"][0]["outcome"] = "applied".into()).await;
    run.is_found_wrong("is said to be Some(\"applied\")");
}

#[tokio::test]
async fn a_list_from_before_a_request_was_sent_proves_nothing_of_it() {
    let mut run = Run::new().await;
    run.send(true, |_, _| {}).await;
    let clock = run.world.app.clock().clone();
    clock.wait_until(clock.now().plus_ms(1_000)).await;
    run.world.simulator.switch(|s| s.down = true);
    run.send(true, |body, _| *body = json!({ "status": "done", "machines": [{ "outcome": "applied" }] }))
        .await;
    run.is_found_wrong("is said to be Some(\"applied\")");
}

#[tokio::test]
async fn a_request_that_is_not_done_is_found() {
    let mut run = Run::new().await;
    run.send(true, |body, _| body["status"] = "pending".into()).await;
    run.is_found_wrong("is not done");
}

#[tokio::test]
async fn a_machine_without_the_last_word_on_it_is_found() {
    let mut run = Run::new().await;
    let now = run.world.app.clock().now();
    let added = run.play(&vip(true)).await;
    let removed = run.play(&vip(false)).await;
    for (add, body) in [(false, removed), (true, added)] {
        let sent = run.history.sending(now.ms());
        let id = body["id"].as_str().unwrap().to_owned();
        run.history.answered(vip(add), id.clone(), sent);
        run.shown.insert(id, body);
    }
    run.is_found_wrong("carries vip: false, asked for last: {true}");
}
