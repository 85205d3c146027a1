//! A large backlog: it leaves in full calls, whatever sizes it came in.

use simulator::Fault;

use crate::support::{Ask, Fixture, machines};

const MACHINES: usize = 100_000;
/// Machines of each request: no divisor of a call.
const A_REQUEST: usize = 137;

#[tokio::test]
async fn a_hundred_thousand_machines_that_waited_for_the_budget_leave_in_two_hundred_full_calls() {
    let fixture = Fixture::new().await;
    let (app, meter) = fixture.relay_metered().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(60) });
    for first in (0..MACHINES).step_by(A_REQUEST) {
        let part = machines(first..(first + A_REQUEST).min(MACHINES));
        assert_eq!(Ask::add("vip", &part).at_once().send_to(&app).await.status, 202);
    }
    app.relays.until_idle().await;
    let (accepting, refused) = (meter.units(), fixture.calls());
    assert_eq!(refused, 1, "the pause holds");

    fixture.drain_until_empty(&app).await;
    let sizes = fixture.call_sizes().split_off(refused);
    assert!(sizes.len() == 200 && sizes.iter().all(|size| *size == 500), "{sizes:?}");
    assert_eq!(fixture.simulator().machines().len(), MACHINES);
    let (all, each) = (meter.units(), 100_000.0);
    println!(
        "units a machine: accepting {:.4} write, draining {:.4} write and {:.4} read",
        accepting.write / each,
        (all.write - accepting.write) / each,
        (all.read - accepting.read) / each
    );
}
