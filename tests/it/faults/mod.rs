//! The fault matrix: each outside world in each way to fail, while requests come. `docs/faults.md` is its table.
//!
//! Whatever fails, and however: when it is over, every request that was accepted is done, with a true outcome for each
//! machine, in the right order; no window was ever over; nothing secret was told.

mod clock;
mod page;
mod process;
mod worlds;

use std::collections::BTreeMap;
use std::time::Duration;

use defender_tag_relay::http::App;
use local::proof::Proof;
use local::trial::History;

use crate::support::{Ask, Rude, Rudeness, World, get, machine, unknown_machine};

/// Longest a rude world may keep a relay busy, in seconds of the machine's: some time-outs, one after the other.
const BUSY_MAX: Duration = Duration::from_secs(90);

/// An outside world.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outside {
    Entra,
    Defender,
    DynamoDb,
    SecretsManager,
}

/// A world whose relay reaches each outside world by a way of its own.
struct Rough {
    world: World,
    app: App,
    ways: BTreeMap<u8, Rude>,
    history: History,
}

impl Rough {
    async fn new() -> Self {
        let world = World::proven_by(Proof::Secret).await;
        let simulator = world.simulator().url();
        let (entra, defender) = (Rude::to(&simulator).await, Rude::to(&simulator).await);
        let (dynamodb, secrets) = (Rude::to(&world.loopback.engine.url()).await, Rude::to(&simulator).await);
        let app = world.relay_by(&dynamodb.url, &secrets.url, &defender.url, &entra.url).await;
        let ways = [
            (Outside::Entra as u8, entra),
            (Outside::Defender as u8, defender),
            (Outside::DynamoDb as u8, dynamodb),
            (Outside::SecretsManager as u8, secrets),
        ];
        Self { world, app, ways: ways.into(), history: History::default() }
    }

    fn way(&self, outside: Outside) -> &Rude {
        &self.ways[&(outside as u8)]
    }

    /// Sends a request until it is accepted, at most twice: the second time everything works again.
    async fn ask(&self, ask: &Ask, again: bool) -> bool {
        let sent = self.history.sending();
        let answer = ask.send_to(&self.app).await;
        let accepted = matches!(answer.status, 200 | 202);
        assert!(accepted || (answer.status == 503 && !again), "{answer:?}");
        if accepted {
            self.history.answered(ask.asked(), answer.id(), sent);
        }
        accepted
    }

    /// Lets one world be rude while requests come, and then judges what is left.
    async fn survives(outside: Outside, rudeness: Rudeness) {
        let rough = Self::new().await;
        // A secret is asked for once only, so it is the first request that must meet it.
        if outside == Outside::SecretsManager {
            rough.way(outside).be(Some(rudeness));
        }
        rough.ask(&Ask::add("vip", &[machine(1), unknown_machine(1)]).key("before").at_once(), true).await;
        rough.rest(outside, rudeness).await;
        // The token is asked for again.
        rough.world.pass_s(4000);
        rough.way(outside).be(Some(rudeness));
        let asks = [
            Ask::add("vip", &[machine(1), machine(2)]).key("one").at_once(),
            Ask::remove("vip", &[machine(2), machine(3)]).key("two").at_once(),
            Ask::add("other", &[machine(1), machine(4)]).key("three").at_once(),
        ];
        let mut refused = Vec::new();
        for ask in &asks {
            if !rough.ask(ask, false).await {
                refused.push(ask);
            }
        }
        if rudeness.hangs() {
            rough.way(outside).until_met().await;
        } else {
            rough.rest(outside, rudeness).await;
        }
        assert!(rudeness == Rudeness::Refused || rough.way(outside).met() > 0, "it was met");
        rough.way(outside).be(None);
        rough.rest(outside, rudeness).await;
        for ask in refused {
            rough.ask(ask, true).await;
        }
        rough.judge(&format!("{outside:?} {rudeness:?}")).await;
    }

    async fn rest(&self, outside: Outside, rudeness: Rudeness) {
        let idle = tokio::time::timeout(BUSY_MAX, self.app.relays.until_idle()).await;
        assert!(idle.is_ok(), "{outside:?} {rudeness:?}: the relay is still busy");
    }

    /// Lets everything be done and holds it against what was asked for.
    async fn judge(&self, what: &str) {
        self.world.pass_s(400);
        self.world.drain_until_empty(&self.app).await;
        let mut shown = BTreeMap::new();
        for id in self.history.ids() {
            let looked = get(&format!("/v1/tag-requests/{id}")).send_to(&self.app).await;
            shown.insert(id, looked.body);
        }
        assert_eq!(shown.len(), 4, "{what}: every request is accepted once");
        self.history.judge(self.world.simulator(), &shown).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    }
}
