//! `cargo trial side-by-side`, with this relay alone and few alerts, so that it goes on working without Python.

use std::path::Path;

use local::trial::{Contestant, SideBySide, side_by_side_table};

#[tokio::test]
async fn this_relay_can_be_measured_next_to_others() {
    let plan = SideBySide { alerts: 30, killed_alerts: 0, across_a_minute: false };
    let ours = Contestant::ours(Path::new(env!("CARGO_BIN_EXE_defender-tag-relay")));
    let measured = plan.measure(&ours).await.unwrap();
    let table = side_by_side_table(std::slice::from_ref(&measured)).to_string();
    println!("{table}");
    assert_eq!((measured.applied, measured.answered_us.len()), (30, 30), "{table}");
    assert!(
        measured.calls <= 30 && measured.store_operations > 0 && measured.most_in_a_minute <= 100,
        "{table}"
    );
}
