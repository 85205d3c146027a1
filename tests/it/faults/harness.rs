//! The fault harness: a relay behind one proxy for each dependency, the requests sent to it, and the checks afterwards.

use std::collections::BTreeMap;
use std::time::Duration;

use defender_tag_relay::clock::Clock;
use defender_tag_relay::domain::Timestamp;
use defender_tag_relay::http::App;
use local::credential::LocalCredential;
use local::sources;
use serde_json::Value;
use simulator::history::{History, SendMoment};

use super::page::Expected;
use super::{Dependency, DependencyFault};
use crate::support::{
    Addresses, Answer, Ask, FaultyProxy, Fixture, NetworkFault, UntrustedServer, get, machine,
    unknown_machine,
};

/// Longest time that a faulty dependency may keep a relay busy, by the machine's clock: several time-outs in a row.
const BUSY_MAX: Duration = Duration::from_mins(3);
/// Longest wait of a caller, by the machine's clock: API Gateway gives up a little later. The table's time-out is much
/// shorter, but a busy machine may be slow.
const ANSWERED_WITHIN: Duration = Duration::from_secs(25);
/// Minutes of a long outage: the pauses have grown as long as they get, and the budget's hour still has every call.
const LONG_OUTAGE_MIN: usize = 40;
/// Seconds after which a token is asked for again, and the budget's hour is empty.
const LONG_S: i64 = 4_000;

/// The fixture, the relay and the proxies between them.
pub(super) struct FaultHarness {
    pub(super) fixture: Fixture,
    pub(super) app: App,
    clock: Clock,
    proxies: BTreeMap<u8, FaultyProxy>,
    history: History,
    untrusted: UntrustedServer,
    /// Calls begun before the budget's hour began.
    begun_before: usize,
    /// Requests done before the fault.
    done_before: usize,
}

impl FaultHarness {
    pub(super) async fn new() -> Self {
        let fixture = Fixture::with_credential(LocalCredential::Secret).await;
        let clock = fixture.app().clock().clone();
        Self::of(fixture, clock).await
    }

    /// A relay of this fixture with this clock.
    pub(super) async fn of(fixture: Fixture, clock: Clock) -> Self {
        let simulator = fixture.simulator().url();
        let mut proxies = BTreeMap::new();
        for dependency in [Dependency::Entra, Dependency::Defender, Dependency::SecretsManager] {
            proxies.insert(dependency as u8, FaultyProxy::to(&simulator));
        }
        proxies.insert(Dependency::DynamoDb as u8, FaultyProxy::to(&fixture.loopback.engine.url()));
        let app = fixture.relay_at(&addresses(&proxies), clock.clone()).await;
        let history = History::default();
        let untrusted = UntrustedServer::start().await;
        Self { fixture, app, clock, proxies, history, untrusted, begun_before: 0, done_before: 0 }
    }

    pub(super) fn proxy(&self, dependency: Dependency) -> &FaultyProxy {
        &self.proxies[&(dependency as u8)]
    }

    /// Sends a request for the first time and notes it in the history before that.
    pub(super) async fn ask(&self, ask: &Ask) -> Answer {
        self.ask_of(&self.app, ask).await
    }

    /// The same of another instance.
    pub(super) async fn ask_of(&self, app: &App, ask: &Ask) -> Answer {
        self.send(app, ask, self.history.sending(self.now().ms())).await
    }

    /// Sends a request that was sent for the first time at this moment.
    async fn send(&self, app: &App, ask: &Ask, sent: SendMoment) -> Answer {
        self.history.tried(&ask.asked());
        let answer = self.fixture.ask(app, ask).await;
        if matches!(answer.status, 200 | 202) {
            self.history.answered(ask.asked(), answer.id(), sent);
        }
        answer
    }

    /// Another instance behind the same proxies, with Defender's clock.
    pub(super) async fn another(&self) -> App {
        self.fixture.relay_at(&addresses(&self.proxies), self.fixture.app().clock().clone()).await
    }

    /// The time by Defender's clock.
    fn now(&self) -> Timestamp {
        self.fixture.app().clock().now()
    }

    /// Lets one dependency fail while requests arrive. Afterwards checks the results against the page.
    pub(super) async fn survives(dependency: Dependency, fault: DependencyFault, expected: Expected) {
        let what = format!("{dependency:?} {fault:?}");
        let mut harness = Self::new().await;
        let first = Ask::add("vip", &[machine(1), unknown_machine(1)]).key("first").at_once();
        // A secret is asked for once only, so it is the first request that must meet it.
        if dependency != Dependency::SecretsManager {
            assert_eq!(harness.ask(&first).await.status, 202, "{what}");
            harness.rest(&what).await;
            harness.fixture.pass_s(LONG_S);
            harness.done_before = 1;
            harness.begun_before = harness.proxy(Dependency::Defender).begun();
        }
        harness.begin(dependency, fault).await;
        let refused = harness.asks_meanwhile(&first, expected, &what).await;
        harness.meets(dependency, fault, &what).await;
        harness.nothing_is_applied_since(harness.done_before, &what).await;
        let held_up = harness.fixture.budget().await["heldUp"]["reason"].is_string();
        assert!(held_up || !expected.held_up, "{what}: it says why nothing goes on");
        harness.end(dependency, fault).await;
        harness.rest(&what).await;
        for (ask, sent) in refused {
            let again = harness.send(&harness.app, &ask, sent).await;
            assert!(matches!(again.status, 200 | 202), "{what}: the sender tries again");
        }
        assert_eq!(harness.history.ids().len(), 4, "{what}: every request is accepted once");
        harness.is_done_within(expected.minutes, &harness.app, &what).await;
        harness.judge(&what).await;
    }

    /// Lets one dependency be down for long. Afterwards checks how soon everything is done.
    pub(super) async fn survives_long(dependency: Dependency, expected: Expected) {
        let harness = Self::new().await;
        let what = format!("{dependency:?}, for long");
        harness.proxy(dependency).set_fault(Some(NetworkFault::Status(503))).await;
        let ask = Ask::add("vip", &[machine(1), unknown_machine(1)]).at_once();
        assert_eq!(harness.ask(&ask).await.status, expected.status, "{what}");
        // Minutes, not requests: AWS's client tries each of its own up to three times.
        let mut asked_in = Vec::new();
        for minute in 0..LONG_OUTAGE_MIN {
            let before = harness.proxy(dependency).met();
            harness.fixture.schedule_of(&harness.app).await;
            asked_in.extend(Some(minute).filter(|_| harness.proxy(dependency).met() > before));
            harness.fixture.pass_s(60);
        }
        let late = asked_in.iter().filter(|minute| **minute >= LONG_OUTAGE_MIN / 2).count();
        assert!((1..=LONG_OUTAGE_MIN / 4).contains(&late), "{what}: asked in the minutes {asked_in:?}");
        harness.nothing_is_applied_since(0, &what).await;
        harness.proxy(dependency).set_fault(None).await;
        harness.is_done_within(expected.minutes, &harness.app, &what).await;
        harness.judge(&what).await;
    }

    async fn begin(&mut self, dependency: Dependency, fault: DependencyFault) {
        let address = match fault {
            DependencyFault::Network(fault) => return self.proxy(dependency).set_fault(Some(fault)).await,
            DependencyFault::Certificate => self.untrusted.url.clone(),
            DependencyFault::Name => "http://nowhere.invalid".to_owned(),
        };
        let mut addresses = addresses(&self.proxies);
        *match dependency {
            Dependency::Entra => &mut addresses.entra,
            Dependency::Defender => &mut addresses.defender,
            Dependency::DynamoDb => &mut addresses.dynamodb,
            Dependency::SecretsManager => &mut addresses.secrets,
        } = address;
        self.app = self.fixture.relay_at(&addresses, self.clock.clone()).await;
    }

    /// Ends the fault. A wrong address is fixed by starting another instance, as an operator would.
    async fn end(&mut self, dependency: Dependency, fault: DependencyFault) {
        match fault {
            DependencyFault::Network(_) => self.proxy(dependency).set_fault(None).await,
            DependencyFault::Certificate | DependencyFault::Name => {
                self.rest("before its end").await;
                self.app = self.fixture.relay_at(&addresses(&self.proxies), self.clock.clone()).await;
            }
        }
    }

    /// Sends requests, good and bad ones. Returns the good ones that were refused.
    async fn asks_meanwhile(&self, first: &Ask, expected: Expected, what: &str) -> Vec<(Ask, SendMoment)> {
        let asks = [
            first.clone(),
            Ask::add("vip", &[machine(1), machine(2)]).key("one").at_once(),
            Ask::remove("vip", &[machine(2), machine(3)]).key("two").at_once(),
            Ask::add("other", &[machine(1), machine(4)]).key("three").header("prefer", "wait=1"),
        ];
        let mut refused = Vec::new();
        for ask in asks.into_iter().skip(self.done_before) {
            let sent = self.history.sending(self.now().ms());
            let answer = tokio::time::timeout(ANSWERED_WITHIN, self.send(&self.app, &ask, sent)).await;
            let answer = answer.expect("it answers in time");
            assert_eq!(answer.status, expected.status, "{what}: {answer:?}");
            if expected.status == 503 {
                assert_eq!(answer.headers["retry-after"], "5", "{what}");
                refused.push((ask, sent));
            }
        }
        self.is_refused_what_it_may_not(what).await;
        refused
    }

    /// Sends requests that must never reach Defender. They are not in the history.
    async fn is_refused_what_it_may_not(&self, what: &str) {
        let sources: Value = serde_json::from_str(&self.fixture.loopback.variables["SOURCES"]).unwrap();
        let source = sources::find(&sources, "alertmanager").unwrap();
        let narrow = source["verify"]["secrets"][0].as_str().unwrap();
        let ask = Ask::add("vip", &[machine(9)]);
        let unverified = self.fixture.ask(&self.app, &ask.clone().bearer("a-key-that-opens-nothing")).await;
        let not_allowed = self.fixture.ask(&self.app, &ask.bearer(narrow)).await;
        assert_eq!((unverified.status, not_allowed.status), (401, 403), "{what}");
    }

    /// Checks that the relay has met the fault. Refused connections and unknown names cannot be counted. They show in
    /// what callers see.
    async fn meets(&self, dependency: Dependency, fault: DependencyFault, what: &str) {
        let DependencyFault::Network(fault) = fault else {
            self.rest(what).await;
            assert!(fault == DependencyFault::Name || self.untrusted.refused() > 0, "{what}: it was met");
            return;
        };
        if fault.hangs() {
            self.proxy(dependency).until_met().await;
        }
        // Four attempts at a call, each until its time-out, are longer than a test should be.
        if !(fault.hangs() && dependency == Dependency::Defender) {
            self.rest(what).await;
        }
        assert!(fault == NetworkFault::Refused || self.proxy(dependency).met() > 0, "{what}: it was met");
    }

    /// Checks that no machine is reported as applied, apart from those of the first requests.
    pub(super) async fn nothing_is_applied_since(&self, done: usize, what: &str) {
        for id in self.history.ids().into_iter().skip(done) {
            let looked = get(&format!("/v1/tag-requests/{id}")).send(&self.fixture).await;
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

    /// Runs the schedule of this instance each minute, the last time when the last minute is over.
    pub(super) async fn is_done_within(&self, minutes: usize, app: &App, what: &str) {
        for _ in 0..minutes {
            self.fixture.pass_s(60);
            self.fixture.schedule_of(app).await;
            if self.fixture.budget().await["backlog"]["requests"] == 0 {
                return;
            }
        }
        panic!("{what}: not done after {minutes} minutes: {}", self.fixture.budget().await);
    }

    /// Checks what was done against what was asked for.
    pub(super) async fn judge(&self, what: &str) {
        let begun = self.proxy(Dependency::Defender).begun() - self.begun_before;
        self.fixture.every_call_had_a_permit(begun).await;
        let mut shown = BTreeMap::new();
        for id in self.history.ids() {
            let looked = get(&format!("/v1/tag-requests/{id}")).send(&self.fixture).await;
            shown.insert(id, looked.body);
        }
        self.history
            .judge(self.fixture.simulator(), &shown)
            .unwrap_or_else(|wrong| panic!("{what}: {wrong}"));
    }
}

fn addresses(proxies: &BTreeMap<u8, FaultyProxy>) -> Addresses {
    let url = |dependency: Dependency| proxies[&(dependency as u8)].url.clone();
    Addresses {
        dynamodb: url(Dependency::DynamoDb),
        secrets: url(Dependency::SecretsManager),
        defender: url(Dependency::Defender),
        entra: url(Dependency::Entra),
    }
}
