//! What the table bills for one-machine requests that are accepted, applied and removed from the backlog.

use simulator::Fault;

use crate::support::{Ask, Fixture, machine};

/// Write units that one request may cost alone.
const ALONE_MAX: f64 = 12.0;
/// Write units that one of a hundred that wait together may cost.
const TOGETHER_MAX: f64 = 6.0;
/// How many wait together.
const TOGETHER: u32 = 100;

#[tokio::test]
async fn a_request_alone_costs_few_units() {
    let fixture = Fixture::new().await;
    let (relay, meter) = fixture.relay_metered().await;
    let answer = Ask::add("vip", &[machine(1)]).send_to(&relay).await;
    relay.relays.until_idle().await;
    let units = meter.units();
    println!("alone: {units:?}");
    assert_eq!(answer.count("applied"), 1);
    assert!(units.write > 0.0 && units.write <= ALONE_MAX, "{units:?}");
}

#[tokio::test]
async fn requests_that_wait_together_share_what_a_drain_costs() {
    let fixture = Fixture::new().await;
    let (relay, meter) = fixture.relay_metered().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(60) });
    for n in 0..TOGETHER {
        let answer = Ask::add("vip", &[machine(n as usize)]).at_once().send_to(&relay).await;
        assert_eq!(answer.status, 202);
        relay.relays.until_idle().await;
    }
    fixture.pass_s(61);
    fixture.drain_until_empty(&relay).await;
    let a_request = meter.units().write / f64::from(TOGETHER);
    println!("together: {:?}, {a_request:.2} write units a request", meter.units());
    assert_eq!(fixture.call_sizes().last(), Some(&(TOGETHER as usize)), "they left together");
    assert!(a_request > 0.0 && a_request <= TOGETHER_MAX, "{a_request}");
}
