//! A relay that reaches each outside world by a way of its own, the requests that come to it, and their judge.

use std::collections::BTreeMap;
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::http::App;
use local::credential::LocalCredential;
use local::sources;
use local::trial::{History, Sent};
use serde_json::Value;

use super::page::Said;
use super::{Fault, Outside};
use crate::support::{
    Addresses, Answer, Ask, Rude, Rudeness, Untrusted, World, get, machine, unknown_machine,
};

/// Longest a rude world may keep a relay busy, in seconds of the machine's: some time-outs, one after the other.
const BUSY_MAX: Duration = Duration::from_secs(90);
/// Longest a caller waits, in seconds of the machine's: the table's time-out, and as long again for a slow machine.
const ANSWERED_WITHIN: Duration = Duration::from_secs(7);
/// Minutes of a long outage: the pauses have grown as long as they get, and the budget's hour still has every call.
const LONG_OUTAGE_MIN: usize = 40;
/// Seconds after which a token is asked for again, and the budget's hour is empty.
const LONG_S: i64 = 4_000;

/// The world, the relay and the ways between.
pub(super) struct Rough {
    pub(super) world: World,
    pub(super) app: App,
    clock: Clock,
    ways: BTreeMap<u8, Rude>,
    history: History,
    untrusted: Untrusted,
    /// Calls begun before the budget's hour began.
    begun_before: usize,
    /// Requests done before the fault.
    done_before: usize,
}

impl Rough {
    pub(super) async fn new() -> Self {
        let world = World::proven_by(LocalCredential::Secret).await;
        let clock = world.app().clock().clone();
        Self::of(world, clock).await
    }

    /// A relay of this world that goes by this clock.
    pub(super) async fn of(world: World, clock: Clock) -> Self {
        let simulator = world.simulator().url();
        let mut ways = BTreeMap::new();
        for outside in [Outside::Entra, Outside::Defender, Outside::SecretsManager] {
            ways.insert(outside as u8, Rude::to(&simulator));
        }
        ways.insert(Outside::DynamoDb as u8, Rude::to(&world.loopback.engine.url()));
        let app = world.relay_at(&addresses(&ways), clock.clone()).await;
        let (history, untrusted) = (History::default(), Untrusted::start().await);
        Self { world, app, clock, ways, history, untrusted, begun_before: 0, done_before: 0 }
    }

    pub(super) fn way(&self, outside: Outside) -> &Rude {
        &self.ways[&(outside as u8)]
    }

    /// Sends a request for the first time, before which it is held to be asked for.
    pub(super) async fn ask(&self, ask: &Ask) -> Answer {
        self.ask_of(&self.app, ask).await
    }

    /// The same of another instance.
    pub(super) async fn ask_of(&self, app: &App, ask: &Ask) -> Answer {
        self.send(app, ask, self.history.sending(self.now())).await
    }

    /// Sends a request that was sent for the first time at this moment.
    async fn send(&self, app: &App, ask: &Ask, sent: Sent) -> Answer {
        self.history.tried(&ask.asked());
        let answer = self.world.ask(app, ask).await;
        if matches!(answer.status, 200 | 202) {
            self.history.answered(ask.asked(), answer.id(), sent);
        }
        answer
    }

    /// Another instance on the same ways, by the clock that Defender goes by.
    pub(super) async fn another(&self) -> App {
        self.world.relay_at(&addresses(&self.ways), self.world.app().clock().clone()).await
    }

    /// The time by the clock that Defender goes by.
    fn now(&self) -> Timestamp {
        self.world.app().clock().now()
    }

    /// Lets one world fail while requests come, and then judges what is left against what the page says.
    pub(super) async fn survives(outside: Outside, fault: Fault, said: Said) {
        let what = format!("{outside:?} {fault:?}");
        let mut rough = Self::new().await;
        let first = Ask::add("vip", &[machine(1), unknown_machine(1)]).key("first").at_once();
        // A secret is asked for once only, so it is the first request that must meet it.
        if outside != Outside::SecretsManager {
            assert_eq!(rough.ask(&first).await.status, 202, "{what}");
            rough.rest(&what).await;
            rough.world.pass_s(LONG_S);
            rough.done_before = 1;
            rough.begun_before = rough.way(Outside::Defender).begun();
        }
        rough.begin(outside, fault).await;
        let refused = rough.asks_meanwhile(&first, said, &what).await;
        rough.meets(outside, fault, &what).await;
        rough.nothing_is_applied_since(rough.done_before, &what).await;
        let held_up = rough.world.budget().await["heldUp"]["reason"].is_string();
        assert!(held_up || !said.held_up, "{what}: it says why nothing goes on");
        rough.end(outside, fault).await;
        rough.rest(&what).await;
        for (ask, sent) in refused {
            let again = rough.send(&rough.app, &ask, sent).await;
            assert!(matches!(again.status, 200 | 202), "{what}: the sender tries again");
        }
        assert_eq!(rough.history.ids().len(), 4, "{what}: every request is accepted once");
        rough.is_done_within(said.minutes, &rough.app, &what).await;
        rough.judge(&what).await;
    }

    /// Lets one world be away for long, and then judges how soon all is done.
    pub(super) async fn survives_long(outside: Outside, said: Said) {
        let (rough, what) = (Self::new().await, format!("{outside:?}, for long"));
        rough.way(outside).be(Some(Rudeness::Status(503))).await;
        let ask = Ask::add("vip", &[machine(1), unknown_machine(1)]).at_once();
        assert_eq!(rough.ask(&ask).await.status, said.status, "{what}");
        // Minutes, not requests: AWS's client tries each of its own up to three times.
        let mut asked_in = Vec::new();
        for minute in 0..LONG_OUTAGE_MIN {
            let before = rough.way(outside).met();
            rough.world.schedule_of(&rough.app).await;
            asked_in.extend(Some(minute).filter(|_| rough.way(outside).met() > before));
            rough.world.pass_s(60);
        }
        let late = asked_in.iter().filter(|minute| **minute >= LONG_OUTAGE_MIN / 2).count();
        assert!((1..=LONG_OUTAGE_MIN / 4).contains(&late), "{what}: asked in the minutes {asked_in:?}");
        rough.nothing_is_applied_since(0, &what).await;
        rough.way(outside).be(None).await;
        rough.is_done_within(said.minutes, &rough.app, &what).await;
        rough.judge(&what).await;
    }

    async fn begin(&mut self, outside: Outside, fault: Fault) {
        let address = match fault {
            Fault::Way(rudeness) => return self.way(outside).be(Some(rudeness)).await,
            Fault::Certificate => self.untrusted.url.clone(),
            Fault::Name => "http://nowhere.invalid".to_owned(),
        };
        let mut addresses = addresses(&self.ways);
        *match outside {
            Outside::Entra => &mut addresses.entra,
            Outside::Defender => &mut addresses.defender,
            Outside::DynamoDb => &mut addresses.dynamodb,
            Outside::SecretsManager => &mut addresses.secrets,
        } = address;
        self.app = self.world.relay_at(&addresses, self.clock.clone()).await;
    }

    /// A wrong address is mended as in life, by another instance.
    async fn end(&mut self, outside: Outside, fault: Fault) {
        match fault {
            Fault::Way(_) => self.way(outside).be(None).await,
            Fault::Certificate | Fault::Name => {
                self.rest("before its end").await;
                self.app = self.world.relay_at(&addresses(&self.ways), self.clock.clone()).await;
            }
        }
    }

    /// Sends requests, good and bad ones. Returns the good ones that were refused.
    async fn asks_meanwhile(&self, first: &Ask, said: Said, what: &str) -> Vec<(Ask, Sent)> {
        let asks = [
            first.clone(),
            Ask::add("vip", &[machine(1), machine(2)]).key("one").at_once(),
            Ask::remove("vip", &[machine(2), machine(3)]).key("two").at_once(),
            Ask::add("other", &[machine(1), machine(4)]).key("three").header("prefer", "wait=1"),
        ];
        let mut refused = Vec::new();
        for ask in asks.into_iter().skip(self.done_before) {
            let sent = self.history.sending(self.now());
            let answer = tokio::time::timeout(ANSWERED_WITHIN, self.send(&self.app, &ask, sent)).await;
            let answer = answer.expect("it answers in time");
            assert_eq!(answer.status, said.status, "{what}: {answer:?}");
            if said.status == 503 {
                assert_eq!(answer.headers["retry-after"], "5", "{what}");
                refused.push((ask, sent));
            }
        }
        self.is_refused_what_it_may_not(what).await;
        refused
    }

    /// Sends what must never reach Defender; the history knows nothing of it.
    async fn is_refused_what_it_may_not(&self, what: &str) {
        let sources: Value = serde_json::from_str(&self.world.loopback.variables["SOURCES"]).unwrap();
        let source = sources::find(&sources, "alertmanager").unwrap();
        let narrow = source["verify"]["secrets"][0].as_str().unwrap();
        let ask = Ask::add("vip", &[machine(9)]);
        let unverified = self.world.ask(&self.app, &ask.clone().bearer("a-key-that-opens-nothing")).await;
        let not_allowed = self.world.ask(&self.app, &ask.bearer(narrow)).await;
        assert_eq!((unverified.status, not_allowed.status), (401, 403), "{what}");
    }

    /// Makes sure that the relay has met the fault. Of a refusal and of a name nobody but the relay knows: what callers
    /// see shows it.
    async fn meets(&self, outside: Outside, fault: Fault, what: &str) {
        let Fault::Way(rudeness) = fault else {
            self.rest(what).await;
            assert!(fault == Fault::Name || self.untrusted.refused() > 0, "{what}: it was met");
            return;
        };
        if rudeness.hangs() {
            self.way(outside).until_met().await;
        }
        // Four attempts at a call, each until its time-out, are longer than a test should be.
        if !(rudeness.hangs() && outside == Outside::Defender) {
            self.rest(what).await;
        }
        assert!(rudeness == Rudeness::Refused || self.way(outside).met() > 0, "{what}: it was met");
    }

    /// While it lasts, Defender's own 200 is heard of no machine, beside those of the first requests.
    pub(super) async fn nothing_is_applied_since(&self, done: usize, what: &str) {
        for id in self.history.ids().into_iter().skip(done) {
            let looked = get(&format!("/v1/tag-requests/{id}")).send(&self.world).await;
            for machine in looked.body["machines"].as_array().unwrap() {
                let outcome = machine["outcome"].as_str().unwrap();
                assert!(matches!(outcome, "pending" | "superseded"), "{what}: {looked:?}");
            }
        }
    }

    pub(super) async fn rest(&self, what: &str) {
        let idle = tokio::time::timeout(BUSY_MAX, self.app.relays.until_idle()).await;
        assert!(idle.is_ok(), "{what}: the relay is still busy");
    }

    /// Lets the schedule of this instance come each minute, the last time at the end of the last one.
    pub(super) async fn is_done_within(&self, minutes: usize, app: &App, what: &str) {
        for _ in 0..minutes {
            self.world.pass_s(60);
            self.world.schedule_of(app).await;
            if self.world.budget().await["backlog"]["requests"] == 0 {
                return;
            }
        }
        panic!("{what}: not done after {minutes} minutes: {}", self.world.budget().await);
    }

    /// Holds what was done against what was asked for.
    pub(super) async fn judge(&self, what: &str) {
        let begun = self.way(Outside::Defender).begun() - self.begun_before;
        self.world.every_call_had_a_permit(begun).await;
        let mut shown = BTreeMap::new();
        for id in self.history.ids() {
            let looked = get(&format!("/v1/tag-requests/{id}")).send(&self.world).await;
            shown.insert(id, looked.body);
        }
        self.history.judge(self.world.simulator(), &shown).unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    }
}

fn addresses(ways: &BTreeMap<u8, Rude>) -> Addresses {
    let url = |outside: Outside| ways[&(outside as u8)].url.clone();
    Addresses {
        dynamodb: url(Outside::DynamoDb),
        secrets: url(Outside::SecretsManager),
        defender: url(Outside::Defender),
        entra: url(Outside::Entra),
    }
}
