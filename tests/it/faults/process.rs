//! The process itself is asked to end, is killed, runs out of memory or runs out of time. Another instance finishes its
//! work as soon as the dead process's lease is over.

use std::collections::BTreeMap;

use simulator::aws::runtime_api::DEADLINE_MS;
use simulator::history::History;

use super::each_alone;
use crate::support::{
    Answer, Ask, FaultyProxy, Fixture, Function, NetworkFault, get, machine, machines, sample,
};

/// Looks of the schedule, half a second apart, until the dead one's lease is over and everything is done.
const LOOKS_MAX: usize = 200;
/// Milliseconds for an invocation that are too few for an operation of a table that hangs.
const SHORT_MS: i64 = 2_500;

/// A fixture that processes share, and the requests sent to them.
struct ProcessHarness {
    fixture: Fixture,
    history: History,
    table: FaultyProxy,
}

impl ProcessHarness {
    async fn new() -> Self {
        let fixture = Fixture::with_system_clock([("RESPOND_WITHIN_MS", "0")]).await;
        let table = FaultyProxy::to(&fixture.loopback.engine.url());
        Self { fixture, history: History::default(), table }
    }

    async fn process(&self, deadline_ms: i64) -> Function<'_> {
        let table = [("AWS_ENDPOINT_URL_DYNAMODB", self.table.url.as_str())];
        Function::start_with(&self.fixture, true, deadline_ms, table).await
    }

    /// Sends a request. If it is not answered, the sender sends it again, to another instance.
    async fn send(&self, ask: &Ask, answer: impl Future<Output = Option<Answer>>) -> bool {
        let sent = self.history.sending(self.fixture.app().clock().now().ms());
        self.history.tried(&ask.asked());
        let answer = answer.await.filter(|answer| answer.status == 202);
        let answered = answer.is_some();
        self.table.set_fault(None).await;
        let id = match answer {
            Some(answer) => answer.id(),
            None => ask.clone().at_once().send(&self.fixture).await.id(),
        };
        self.history.answered(ask.asked(), id, sent);
        answered
    }

    /// Lets the schedule of another instance finish. Checks what was done against what was asked for.
    async fn all_is_applied(&self) {
        let clock = self.fixture.app().clock();
        for _ in 0..LOOKS_MAX {
            self.fixture.schedule().await;
            if self.fixture.budget().await["backlog"]["requests"] == 0 {
                break;
            }
            clock.wait_until(clock.now().plus_ms(500)).await;
        }
        let mut shown = BTreeMap::new();
        for id in self.history.ids() {
            let looked = get(&format!("/v1/tag-requests/{id}")).send(&self.fixture).await;
            shown.insert(id, looked.body);
        }
        self.history.judge(self.fixture.simulator(), &shown).unwrap();
        self.fixture.every_call_had_a_permit(0).await;
    }
}

/// A process that gets this signal while a call is under way, and while it makes a request durable: before that is done,
/// or before it knows that it is done.
async fn gets(signal: &str, accepting: NetworkFault) {
    let harness = ProcessHarness::new().await;
    harness.fixture.simulator().switch(|s| s.latency_ms = 2_000);
    let mut function = harness.process(DEADLINE_MS).await;
    let asks = [
        Ask::add("vip", &machines(0..3)),
        Ask::remove("vip", &machines(1..4)),
        Ask::add("vip", &machines(2..5)),
        Ask::remove("other", &machines(0..2)),
    ];
    for (n, ask) in asks.into_iter().enumerate() {
        let ask = ask.key(&n.to_string());
        assert!(harness.send(&ask, async { Some(function.invoke(&ask).await) }).await);
    }
    harness.fixture.until_called().await;
    harness.table.set_fault_for("PutItem", Some(accepting)).await;
    let last = Ask::remove("vip", &machines(2..3)).key("last");
    let id = function.id();
    let dies = async {
        harness.table.until_met().await;
        Function::signal(id, signal);
    };
    let answered = harness.send(&last, async { tokio::join!(function.try_invoke(&last), dies).0 }).await;
    assert!(!answered, "it died before it answered");
    function.until_gone().await;
    harness.fixture.simulator().switch(|s| s.latency_ms = 0);
    harness.all_is_applied().await;
}

/// A process that gets no more memory while large requests come. Only Linux limits what a process has already.
#[cfg(target_os = "linux")]
async fn runs_out_of_memory() {
    /// Bytes of memory that it still gets.
    const LAST_BYTES: u64 = 2 * 1024 * 1024;
    let harness = ProcessHarness::new().await;
    let mut function = harness.process(DEADLINE_MS).await;
    let first = Ask::add("vip", &[machine(1)]);
    assert!(harness.send(&first, async { Some(function.invoke(&first).await) }).await);
    function.has_no_memory_but(LAST_BYTES);
    for n in 1..40 {
        let large = Ask::add("vip", &machines(n * 10_000..(n + 1) * 10_000)).key(&n.to_string());
        if !harness.send(&large, function.try_invoke(&large)).await {
            function.until_gone().await;
            return harness.all_is_applied().await;
        }
    }
    panic!("it never runs out of memory");
}

#[tokio::test]
async fn a_function_whose_time_is_nearly_up_begins_no_call_and_loses_nothing() {
    let harness = ProcessHarness::new().await;
    let mut function = harness.process(10_000).await;
    let ask = Ask::add("vip", &[machine(1)]);
    assert!(harness.send(&ask, async { Some(function.invoke(&ask).await) }).await);
    function.rested(2).await;
    assert_eq!(harness.fixture.calls(), 0, "a call may take longer than what is left");
    harness.all_is_applied().await;
}

/// A function whose time is over while the table hangs, in what holds this text.
async fn times_out(text: &'static str, hangs: NetworkFault) {
    let harness = ProcessHarness::new().await;
    let mut function = harness.process(SHORT_MS).await;
    let first = Ask::add("vip", &machines(0..3)).key("first");
    assert!(harness.send(&first, async { Some(function.invoke(&first).await) }).await);
    function.rested(2).await;
    harness.table.set_fault_for(text, Some(hangs)).await;
    let last = Ask::remove("vip", &machines(1..4)).key("last");
    let timed_out = async {
        let (answer, ended) = function.invoke_for_its_time(&last).await;
        assert!(ended, "its time was over");
        answer
    };
    let answered = harness.send(&last, timed_out).await;
    assert_eq!(answered, text != "PutItem", "it answers what is durable");
    let mut next = harness.process(DEADLINE_MS).await;
    let more = Ask::add("vip", &machines(3..4)).key("more");
    assert!(harness.send(&more, async { Some(next.invoke(&more).await) }).await, "the next one works");
    harness.all_is_applied().await;
}

/// A way to die.
#[derive(Clone, Copy, Debug)]
enum Death {
    Signal(&'static str, NetworkFault),
    #[cfg(target_os = "linux")]
    OutOfMemory,
    OutOfTime(&'static str, NetworkFault),
}

/// How many ways to die a normal run tries.
const SAMPLE: usize = 2;
const DEATHS: &[Death] = &[
    Death::Signal("TERM", NetworkFault::Silent),
    Death::Signal("TERM", NetworkFault::SlowHeaders),
    Death::Signal("KILL", NetworkFault::Silent),
    Death::Signal("KILL", NetworkFault::SlowHeaders),
    #[cfg(target_os = "linux")]
    Death::OutOfMemory,
    Death::OutOfTime("PutItem", NetworkFault::Silent),
    Death::OutOfTime("PutItem", NetworkFault::SlowHeaders),
    Death::OutOfTime("holder", NetworkFault::SlowHeaders),
];

/// All at once: for most of their time they wait for the dead one's lease to end.
#[test]
fn a_process_that_dies_in_any_way_loses_nothing() {
    let deaths = sample(DEATHS, SAMPLE);
    each_alone(&deaths, deaths.len(), async |death| match death {
        Death::Signal(signal, accepting) => gets(signal, accepting).await,
        #[cfg(target_os = "linux")]
        Death::OutOfMemory => runs_out_of_memory().await,
        Death::OutOfTime(text, hangs) => times_out(text, hangs).await,
    });
}
