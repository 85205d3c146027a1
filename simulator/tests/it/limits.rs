//! The windows of a minute and an hour, with time moved by hand.

use crate::bench::{Bench, START_MS, id, ids};
use crate::http::Answer;
use simulator::WindowKind;

const MINUTE_MS: u64 = 60_000;
const HOUR_MS: u64 = 3_600_000;

async fn status(bench: &Bench) -> u16 {
    bench.add("vip", &ids(1)).await.status
}

fn retry_after(answer: &Answer) -> Option<&str> {
    answer.header("retry-after")
}

#[tokio::test]
async fn a_hundred_calls_pass_in_a_minute_and_no_more() {
    let bench = Bench::start().await;
    for call in 0..100 {
        bench.at(call * 10);
        assert_eq!(status(&bench).await, 200);
    }
    bench.simulator.switch(|switches| switches.refused_calls_count = false);
    bench.at(990);
    let answer = bench.add("vip", &ids(1)).await;
    assert_eq!((answer.status, answer.code().as_str()), (429, "TooManyRequests"));
    assert_eq!(retry_after(&answer), Some("60"));
    bench.at(MINUTE_MS);
    assert_eq!(status(&bench).await, 429);
    bench.at(MINUTE_MS + 1);
    assert_eq!(status(&bench).await, 200);
    assert_eq!(status(&bench).await, 429);
}

#[tokio::test]
async fn the_hour_ends_to_the_millisecond() {
    let mut bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.token_life_s = 5_400;
        switches.calls_per_hour = 3;
        switches.refused_calls_count = false;
    });
    bench.sign_in().await;
    for minute in 0..3 {
        bench.at(minute * 2 * MINUTE_MS);
        assert_eq!(status(&bench).await, 200);
    }
    bench.at(HOUR_MS - 500);
    assert_eq!(retry_after(&bench.add("vip", &ids(1)).await), Some("1"));
    bench.at(HOUR_MS);
    assert_eq!(status(&bench).await, 429);
    bench.at(HOUR_MS + 1);
    assert_eq!(status(&bench).await, 200);
}

#[tokio::test]
async fn a_refused_call_counts_unless_switched_off() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.calls_per_minute = 1);
    assert_eq!(status(&bench).await, 200);
    bench.at(30_000);
    assert_eq!(retry_after(&bench.add("vip", &ids(1)).await), Some("61"));
    bench.at(MINUTE_MS + 1);
    assert_eq!(status(&bench).await, 429);
    assert_eq!(bench.simulator.most_in_window(MINUTE_MS), 2);
}

#[tokio::test]
async fn a_refused_call_changes_nothing_and_is_on_record() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.calls_per_minute = 0);
    assert_eq!(status(&bench).await, 429);
    assert!(bench.simulator.machines().is_empty());
    assert_eq!(bench.simulator.arrivals()[0].status, 429);
}

#[tokio::test]
async fn retry_after_can_be_missing() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.calls_per_minute = 0;
        switches.retry_after_missing = true;
    });
    let answer = bench.add("vip", &ids(1)).await;
    assert_eq!((answer.status, retry_after(&answer)), (429, None));
}

#[tokio::test]
async fn a_fixed_window_lets_a_double_burst_through() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.window = WindowKind::Fixed;
        switches.calls_per_minute = 1;
    });
    bench.at(59_999);
    assert_eq!(status(&bench).await, 200);
    bench.at(60_000);
    assert_eq!(status(&bench).await, 200);
    assert_eq!(retry_after(&bench.add("vip", &ids(1)).await), Some("60"));
}

#[tokio::test]
async fn a_call_is_counted_after_the_delay_and_answered_then() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| {
        switches.count_delay_ms = 50;
        switches.calls_per_minute = 1;
    });
    assert_eq!(status(&bench).await, 200);
    bench.simulator.switch(|switches| switches.count_delay_ms = 0);
    bench.at(MINUTE_MS + 50);
    assert_eq!(status(&bench).await, 429);
    let arrivals = bench.simulator.arrivals();
    assert_eq!((arrivals[0].received_at_ms, arrivals[0].counted_at_ms), (START_MS, START_MS + 50));
    assert_eq!(bench.simulator.most_in_window(MINUTE_MS), 2);
    assert_eq!(bench.simulator.most_in_window(MINUTE_MS - 1), 1);
}

#[tokio::test]
async fn a_client_that_hangs_up_is_counted_and_served_all_the_same() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.count_delay_ms = 200);
    let machines = ids(1);
    tokio::select! {
        _ = bench.add("vip", &machines) => unreachable!("the answer takes longer"),
        () = arrived(&bench) => {}
    }
    bench.simulator.switch(|switches| switches.count_delay_ms = 400);
    bench.add("later", &[id(1)]).await;
    assert!(bench.simulator.tags_of(&id(0)).contains("vip"));
}

async fn arrived(bench: &Bench) {
    while bench.simulator.arrivals().is_empty() {
        tokio::task::yield_now().await;
    }
}
