//! `cargo trial side-by-side` with this relay alone and few alerts, so that it keeps working without Python.

use std::path::Path;

use trials::{Comparison, Subject, SubjectReport, comparison_table};

#[tokio::test]
async fn this_relay_can_be_measured_next_to_others() {
    let plan = Comparison { alerts: 30, killed_alerts: 20, across_a_minute: false, minute_ms: 2_000 };
    let ours = Subject::this_relay(Path::new(env!("CARGO_BIN_EXE_defender-tag-relay")));
    let measured = plan.measure(&[ours]).await.unwrap();
    let table = comparison_table(&measured).to_string();
    println!("{table}");
    let SubjectReport { burst, killed, lone_us, one_each, full_each, .. } = &measured[0];
    assert_eq!((burst.applied_ms.len(), burst.answered_us.len()), (30, 27), "{table}");
    assert!(burst.calls <= 30 && burst.store_operations > 0 && !lone_us.is_empty(), "{table}");
    assert!(killed.answered > 0 && killed.lost == 0, "{table}");
    assert!(one_each.tagged > 0 && full_each.fullest == 500, "{table}");
    assert_eq!(full_each.tagged % 500, 0, "{table}");
    assert!(measured[0].most().in_a_minute <= 100, "{table}");
}
