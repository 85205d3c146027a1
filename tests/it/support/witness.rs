//! Searches what a relay reveals, which is its log lines, its answers and its table, for every secret it has seen.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use defender_tag_relay::clock::Clock;
use defender_tag_relay::logging::lines as lines_to;
use local::loopback::TABLE;
use serde_json::{Value, json};
use simulator::Simulator;
use simulator::dynamodb::Engine;
use tracing::subscriber::DefaultGuard;

/// Pieces of a header that are shorter than this are words, not secrets.
const PIECE_MIN_CHARS: usize = 12;
/// The keys of some tests are words so short that they stand in other words.
const SECRET_MIN_CHARS: usize = 6;
/// Headers that carry secrets or signatures.
const TELLING: [&str; 5] = ["authorization", "signature", "key", "token", "webhook-id"];

/// Log lines, kept.
#[derive(Clone, Default)]
pub struct LogLines(Arc<Mutex<Vec<u8>>>);

impl LogLines {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }

    /// Every line with this message.
    pub fn of(&self, message: &str) -> Vec<Value> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        lines.filter(|line| line["message"] == message).collect()
    }

    /// The values of a metric, as CloudWatch would take them out of the lines.
    pub fn metric(&self, name: &str) -> Vec<i64> {
        self.metric_by(name, &[usize::MAX]).concat()
    }

    /// The same, in parts. Each part ends at one of these numbers of lines.
    pub fn metric_by(&self, name: &str, ends: &[usize]) -> Vec<Vec<i64>> {
        let text = self.text();
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).expect(line));
        let named = |line: &Value| {
            let metrics = line["_aws"]["CloudWatchMetrics"][0]["Metrics"].as_array();
            metrics.is_some_and(|metrics| metrics.iter().any(|metric| metric["Name"] == name))
        };
        let mut parts = vec![Vec::new(); ends.len()];
        for (number, line) in lines.enumerate().filter(|(_, line)| named(line)) {
            let part = ends.partition_point(|end| *end <= number);
            parts[part].push(line[name].as_i64().unwrap());
        }
        parts
    }
}

impl Write for LogLines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// What was revealed so far, and the secrets that must not be in it.
///
/// Invariant: when it is dropped, no secret was revealed; a test that revealed one fails.
pub struct Witness {
    pub lines: LogLines,
    /// What processes wrote to standard error.
    pub errors: LogLines,
    answers: Mutex<Vec<String>>,
    secrets: Mutex<BTreeSet<String>>,
    /// Every item of the table.
    items: OnceLock<Box<dyn Fn() -> String + Send + Sync>>,
    /// The secrets that the simulator received or issued.
    confided: OnceLock<Box<dyn Fn() -> Vec<String> + Send + Sync>>,
    revealed_on_purpose: AtomicBool,
    #[expect(dead_code, reason = "it is held so that log lines come here")]
    logging: DefaultGuard,
}

impl Drop for Witness {
    fn drop(&mut self) {
        if !self.revealed_on_purpose.load(Ordering::SeqCst) && !std::thread::panicking() {
            assert_eq!(self.revealed(), Vec::<String>::new(), "a secret was revealed");
        }
    }
}

impl Witness {
    /// Keeps every log line of this thread from now on.
    pub fn new() -> Self {
        let lines = LogLines::default();
        let made = lines.clone();
        let subscriber = lines_to(tracing::Level::TRACE, "relay", Clock::system(), move || made.clone());
        let logging = tracing::subscriber::set_default(subscriber);
        Self {
            lines,
            errors: LogLines::default(),
            answers: Mutex::default(),
            secrets: Mutex::default(),
            items: OnceLock::new(),
            confided: OnceLock::new(),
            revealed_on_purpose: AtomicBool::new(false),
            logging,
        }
    }

    /// Looks at the table of this engine too.
    pub fn look_at(&self, engine: &Engine) {
        let database = engine.database().clone();
        let read = move |scan: Value| {
            serde_json::to_value(database.scan(serde_json::from_value(scan).unwrap()).unwrap()).unwrap()
        };
        let _ = self.items.set(Box::new(move || items(&read)));
    }

    /// From now on the tokens that this simulator issues and the credentials that it receives are secrets.
    pub fn listen_to(&self, simulator: &Simulator) {
        let _ = self.confided.set(Box::new(simulator.confided()));
    }

    /// Call this where a test reveals a secret to show that the witness finds it.
    pub fn revealed_on_purpose(&self) {
        self.revealed_on_purpose.store(true, Ordering::SeqCst);
    }

    /// From now on this is a secret.
    pub fn must_not_reveal(&self, secret: &str) {
        self.secrets.lock().unwrap().insert(secret.to_owned());
    }

    /// From now on the secrets of these sources are secrets.
    pub fn must_not_reveal_secrets_of(&self, sources: &str) {
        let sources: Value = serde_json::from_str(sources).unwrap_or_default();
        for source in sources["sources"].as_array().into_iter().flatten() {
            let secrets = source["verify"]["secrets"].as_array().into_iter().flatten();
            let long = secrets.filter_map(Value::as_str).filter(|secret| secret.len() >= SECRET_MIN_CHARS);
            long.for_each(|secret| self.must_not_reveal(secret));
        }
    }

    /// From now on the credentials and signatures of this event are secrets.
    pub fn must_not_reveal_credentials_of(&self, event: &Value) {
        for (name, value) in event["headers"].as_object().into_iter().flatten() {
            let telling = TELLING.iter().any(|part| name.contains(part));
            let pieces = value.as_str().filter(|_| telling).unwrap_or_default().split([' ', ',', '=']);
            pieces
                .filter(|piece| piece.len() >= PIECE_MIN_CHARS)
                .for_each(|piece| self.must_not_reveal(piece));
        }
        let path = event["rawPath"].as_str().unwrap_or_default();
        let token = path.strip_prefix("/v1/hooks/").and_then(|rest| rest.split_once('/'));
        if let Some((_, token)) = token {
            self.must_not_reveal(token);
        }
    }

    pub fn answered(&self, answer: &Value) {
        self.answers.lock().unwrap().push(answer.to_string());
    }

    /// Everything that was revealed: answers, log lines, standard error and every item of the table.
    pub fn everything(&self) -> String {
        let items = self.items.get().map(|items| items()).unwrap_or_default();
        let answers = self.answers.lock().unwrap().join("\n");
        format!("{}\n{}\n{answers}\n{items}", self.lines.text(), self.errors.text())
    }

    /// The secrets that were revealed, as they are, in base64 or in hexadecimal digits.
    pub fn revealed(&self) -> Vec<String> {
        let everything = self.everything();
        let mut secrets = self.secrets.lock().unwrap().clone();
        let confided = self.confided.get().map(|confided| confided()).unwrap_or_default();
        secrets.extend(confided.into_iter().filter(|secret| secret.len() >= SECRET_MIN_CHARS));
        let is_told = |secret: &String| {
            let base64 = STANDARD.encode(secret.as_bytes());
            [secret.as_str(), base64.trim_end_matches('='), &hex::encode(secret.as_bytes())]
                .iter()
                .any(|form| everything.contains(form))
        };
        secrets.into_iter().filter(is_told).collect()
    }
}

fn items(read: &impl Fn(Value) -> Value) -> String {
    let mut items = Vec::new();
    let mut start = Value::Null;
    loop {
        let mut scan = json!({ "TableName": TABLE });
        if !start.is_null() {
            scan["ExclusiveStartKey"] = start;
        }
        let page = read(scan);
        items.push(page["Items"].to_string());
        start = page["LastEvaluatedKey"].clone();
        if start.is_null() {
            return items.join("\n");
        }
    }
}
