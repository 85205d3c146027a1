//! A large backlog leaves in full calls, whatever the sizes of its requests.

use simulator::Fault;

use crate::support::{Ask, Fixture, long_or_short, machines};

/// Machines of a normal run, and of a long one.
const MACHINES: usize = 10_000;
const MANY_MACHINES: usize = 100_000;
/// Machines of each request. A call's size is not a multiple of it.
const A_REQUEST: usize = 137;

#[tokio::test]
async fn machines_that_waited_for_the_budget_leave_in_full_calls_whatever_sizes_they_came_in() {
    let count = long_or_short(MANY_MACHINES, MACHINES);
    let fixture = Fixture::new().await;
    let (app, meter) = fixture.relay_metered().await;
    fixture.simulator().next(Fault::TooManyRequests { retry_after_s: Some(60) });
    for first in (0..count).step_by(A_REQUEST) {
        let part = machines(first..(first + A_REQUEST).min(count));
        assert_eq!(Ask::add("vip", &part).at_once().send_to(&app).await.status, 202);
    }
    app.relays.until_idle().await;
    let accepting = meter.units();
    let refused = fixture.calls();
    assert_eq!(refused, 1, "the pause holds");

    fixture.drain_until_empty(&app).await;
    let sizes = fixture.call_sizes().split_off(refused);
    assert!(sizes.len() == count / 500 && sizes.iter().all(|size| *size == 500), "{sizes:?}");
    assert_eq!(fixture.simulator().machines().len(), count);
    let all = meter.units();
    let each = f64::from(u32::try_from(count).unwrap());
    println!(
        "units a machine: accepting {:.4} write, draining {:.4} write and {:.4} read",
        accepting.write / each,
        (all.write - accepting.write) / each,
        (all.read - accepting.read) / each
    );
}
