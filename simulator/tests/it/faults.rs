//! Each fault, over the wire.

use crate::bench::{Bench, id, ids};
use simulator::Fault;
use std::io::ErrorKind;
use std::time::Duration;

async fn outcome(bench: &Bench) -> Result<u16, ErrorKind> {
    let answer = bench.try_tag("vip", "Add", &ids(1)).await;
    answer.map(|answer| answer.status).map_err(|error| error.kind())
}

fn tagged(bench: &Bench) -> bool {
    bench.simulator.tags_of(&id(0)).contains("vip")
}

#[tokio::test]
async fn faults_are_taken_in_order_one_a_call() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::Status { status: 500, retry_after_s: None, body: None });
    bench.simulator.next(Fault::TooManyRequests { retry_after_s: Some(7) });
    bench.simulator.next(Fault::WrongToken);
    bench.simulator.next(Fault::NotFoundOnce);
    let expected = [
        (500, "InternalServerError", None),
        (429, "TooManyRequests", Some("7")),
        (401, "Unauthorized", None),
        (404, "ResourceNotFound", None),
    ];
    for (status, code, retry_after) in expected {
        let answer = bench.add("vip", &ids(1)).await;
        assert_eq!((answer.status, answer.code().as_str()), (status, code));
        assert_eq!(answer.header("retry-after"), retry_after);
    }
    assert!(!tagged(&bench));
    assert_eq!(outcome(&bench).await, Ok(200));
    let statuses: Vec<u16> = bench.simulator.arrivals().iter().map(|arrival| arrival.status).collect();
    assert_eq!(statuses, [500, 429, 401, 404, 200]);
}

#[tokio::test]
async fn a_status_comes_with_the_body_it_was_given() {
    let bench = Bench::start().await;
    let fault =
        |text: &str| Fault::Status { status: 502, retry_after_s: Some(3), body: Some(text.to_owned()) };
    bench.simulator.next(fault("bad gateway"));
    bench.simulator.next(fault("{ }"));
    let text = bench.add("vip", &ids(1)).await;
    assert_eq!((text.status, text.body.as_str()), (502, "bad gateway"));
    assert_eq!((text.header("content-type"), text.header("retry-after")), (Some("text/plain"), Some("3")));
    assert_eq!(bench.add("vip", &ids(1)).await.header("content-type"), Some("application/json"));
}

#[tokio::test]
async fn a_reset_leaves_no_answer_and_may_have_been_applied() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::Reset { applied: false });
    assert_eq!(outcome(&bench).await, Err(ErrorKind::ConnectionReset));
    assert!(!tagged(&bench));
    bench.simulator.next(Fault::Reset { applied: true });
    assert_eq!(outcome(&bench).await, Err(ErrorKind::ConnectionReset));
    assert!(tagged(&bench));
    assert!(bench.simulator.arrivals().iter().all(|arrival| arrival.status == 0));
    assert_eq!(outcome(&bench).await, Ok(200));
}

#[tokio::test]
async fn a_truncated_answer_ends_in_the_middle() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::Truncated);
    assert_eq!(outcome(&bench).await, Err(ErrorKind::UnexpectedEof));
    assert!(tagged(&bench));
    assert_eq!(bench.simulator.arrivals()[0].status, 200);
}

#[tokio::test]
async fn an_answer_may_be_html_or_list_nothing_though_the_tags_are_set() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::NotJson);
    let html = bench.add("vip", &ids(1)).await;
    assert_eq!((html.status, html.header("content-type")), (200, Some("text/html")));
    assert!(tagged(&bench));
    bench.simulator.next(Fault::Unlisted);
    let empty = bench.add("other", &ids(1)).await;
    assert_eq!((empty.status, empty.json()["value"].to_string().as_str()), (200, "[]"));
    assert_eq!(bench.simulator.tags_of(&id(0)).len(), 2);
}

#[tokio::test]
async fn a_refusal_is_not_turned_into_a_success() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::NotJson);
    assert_eq!(bench.add("vip", &ids(501)).await.code(), "MaximumBatchSizeExceeded");
}

#[tokio::test]
async fn a_slow_call_is_applied_before_it_is_answered() {
    let bench = Bench::start().await;
    bench.simulator.next(Fault::Slow { ms: 300 });
    let machines = ids(1);
    let call = bench.add("vip", &machines);
    assert!(tokio::time::timeout(Duration::from_millis(150), call).await.is_err());
    assert!(tagged(&bench));
    bench.simulator.switch(|switches| switches.latency_ms = 300);
    let call = bench.add("other", &machines);
    assert!(tokio::time::timeout(Duration::from_millis(150), call).await.is_err());
    assert_eq!(bench.simulator.tags_of(&id(0)).len(), 2);
}

#[tokio::test]
async fn defender_can_be_down_in_json_or_html() {
    let bench = Bench::start().await;
    bench.simulator.switch(|switches| switches.down = true);
    assert_eq!(bench.add("vip", &ids(1)).await.code(), "ServiceUnavailable");
    bench.simulator.switch(|switches| switches.html_errors = true);
    let answer = bench.add("vip", &ids(1)).await;
    assert_eq!((answer.status, answer.header("content-type")), (503, Some("text/html")));
    assert!(!tagged(&bench));
}
