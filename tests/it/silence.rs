use std::io::Write;
use std::sync::{Arc, Mutex};

use local::loopback::KEY;
use simulator::Fault;

use crate::support::{Ask, World, machine};

/// Every text in the table, as the embedded engine keeps it.
fn everything_in_the_table(world: &World) -> String {
    let scan = serde_json::json!({ "TableName": local::loopback::TABLE });
    let scanned = world.loopback.engine.database().scan(serde_json::from_value(scan).unwrap()).unwrap();
    serde_json::to_string(&scanned).unwrap()
}

/// Log lines, kept.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_no_answer_and_no_item_has_a_secret_in_it() {
    let lines = Lines::default();
    let made = lines.clone();
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(defender_tag_relay::logging::filter(tracing::Level::TRACE))
        .with_writer(move || made.clone());
    let _logging = tracing::subscriber::set_default(subscriber.finish());
    let world = World::new().await;
    world.simulator().next(Fault::WrongToken);
    let answers = [
        Ask::add("vip", &[machine(1)]).key("a-key-of-the-sender").send(&world).await,
        Ask::add("vip", &[machine(1)]).bearer("a-wrong-key").send(&world).await,
    ];
    let client_secret = world.loopback.variables["CLIENT_SECRET"].clone();
    let logged = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(
        logged.contains("TokenRefused") && logged.contains("not_verified"),
        "the log was looked at: {logged}"
    );
    let shown = format!("{logged} {answers:?} {}", everything_in_the_table(&world));
    assert!(shown.contains(&answers[0].id()), "the table was looked at");
    for secret in [KEY, "a-wrong-key", "a-key-of-the-sender", &client_secret] {
        assert!(!shown.contains(secret), "{secret}");
    }
}
