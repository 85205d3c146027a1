//! `cargo local` as somebody at a terminal sees it: the real binary, its output and its exit status.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};

use local::events;

/// Columns of a terminal that each line of a play must fit into.
const TERMINAL_COLUMNS: usize = 80;
/// The variables for the real Defender. A test must not have them by chance.
const REAL: [&str; 6] =
    ["TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_CERTIFICATE", "SOURCES", "SOURCES_FILE"];
const MACHINE: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";

/// The command in an empty folder of its own.
fn command(folder: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).current_dir(empty(folder)).stdin(Stdio::null());
    for name in REAL {
        command.env_remove(name);
    }
    command
}

fn empty(folder: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let _ = std::fs::remove_dir_all(&path);
    std::fs::create_dir_all(&path).unwrap();
    path
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A file with the configuration of one source, whose `allow` has these actions.
fn sources(folder: &str, actions: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}.sources.json"));
    let text = format!(
        r#"{{"sources": [{{"name": "jira",
            "verify": {{"scheme": "header", "header": "X-Key", "secrets": ["{secret}"]}},
            "read": {{"machines": ["$.machine"], "tag": "contain-1"}},
            "allow": {{"tags": ["contain-*"], "actions": [{actions}], "machines": 10}}}}]}}"#,
        secret = "k".repeat(30)
    );
    std::fs::write(&path, text).unwrap();
    path
}

fn body(folder: &str, text: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{folder}.body.json"));
    std::fs::write(&path, text).unwrap();
    path
}

/// A serving run, which ends with this.
struct Serving {
    child: Child,
    url: String,
    screen: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(folder: &str, arguments: &[&str]) -> Self {
        let ports = ["--serve", "--port", "0", "--simulator-port", "0", "--dynamodb-port", "0"];
        let mut command = command(folder, &[&ports, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut screen = BufReader::new(child.stdout.take().unwrap());
        let mut first = String::new();
        screen.read_line(&mut first).unwrap();
        let url = first.trim().rsplit(' ').next().unwrap().to_owned();
        Self { child, url, screen }
    }

    /// Reads the screen until a line has this text.
    fn shows(&mut self, text: &str) -> bool {
        self.screen.by_ref().lines().map_while(Result::ok).any(|line| line.contains(text))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_play_shows_each_events_outcome_in_lines_that_fit_a_terminal() {
    let played = command("play", &[]).output().unwrap();
    let shown = stdout(&played);
    assert!(played.status.success(), "{shown}{}", stderr(&played));
    let widest = shown.lines().map(|line| line.chars().count()).max();
    assert!(widest < Some(TERMINAL_COLUMNS), "{widest:?}");
    let events = events::described().unwrap().len();
    assert!(shown.contains(&format!("✓ {events} of {events} events answered as")), "{shown}");
    assert!(!shown.contains("pending") && !shown.contains('\u{1b}'), "{shown}");
    let left = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("play");
    assert_eq!(std::fs::read_dir(left).unwrap().count(), 0, "a play leaves no file");
}

#[test]
fn a_closed_pipe_ends_a_play_quietly() {
    let mut child = command("pipe", &[]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{}", stderr(&output));
}

#[test]
fn a_configuration_is_checked_without_a_server() {
    let good = sources("check-good", r#""Add""#);
    let output = command("check", &["check", good.to_str().unwrap()]).output().unwrap();
    assert!(
        output.status.success() && stdout(&output).contains("POST /v1/hooks/jira"),
        "{}",
        stdout(&output)
    );
    let bad = sources("check-bad", r#""add", 7"#);
    let output = command("check", &["check", bad.to_str().unwrap()]).output().unwrap();
    let shown = stdout(&output);
    assert!(!output.status.success(), "{shown}");
    let faults = ["allow.actions[0]", "allow.actions[1]"];
    assert!(faults.iter().all(|fault| shown.contains(&format!("sources[0] \"jira\": {fault}"))), "{shown}");
}

#[test]
fn a_body_is_tried_without_a_server() {
    let sources = sources("try", r#""Add""#);
    let tried = |name: &str, text: String| {
        let body = body(name, &text);
        let arguments = ["try", "--source", "jira", "--sources"];
        let files = [sources.to_str().unwrap(), body.to_str().unwrap()];
        command(name, &[&arguments[..], &files].concat()).output().unwrap()
    };
    let good = tried("try-good", format!(r#"{{"machine": "{MACHINE}"}}"#));
    assert!(good.status.success(), "{}", stdout(&good));
    for stage in ["✓ verified", &format!("Add contain-1 on 1 machines: {MACHINE}"), "✓ allowed"] {
        assert!(stdout(&good).contains(stage), "{stage}: {}", stdout(&good));
    }
    let bad = tried("try-bad", r#"{"machine": "PC-7"}"#.into());
    assert!(!bad.status.success() && stdout(&bad).contains("✗ read"), "{}", stdout(&bad));
}

#[test]
fn own_sources_are_served_against_the_simulator_and_a_webhook_sent_to_them_is_applied() {
    let sources = sources("serve", r#""Add""#);
    let mut serving = Serving::start("serve", &["--sources", sources.to_str().unwrap()]);
    let body = body("serve", &format!(r#"{{"machine": "{MACHINE}"}}"#));
    let files = [sources.to_str().unwrap(), body.to_str().unwrap()];
    let arguments = ["send", "--url", &serving.url, "--source", "jira", "--sources"];
    let sent = command("send", &[&arguments[..], &files].concat()).output().unwrap();
    assert!(stdout(&sent).contains(r#""outcome":"applied""#), "{}{}", stdout(&sent), stderr(&sent));
    assert!(serving.shows("Add contain-1: 1 applied"), "the outcome is shown while it serves");
    assert!(serving.shows("POST /v1/hooks/{source} → 200"), "the request is shown while it serves");
}

#[test]
fn some_of_the_variables_for_the_real_defender_are_not_enough() {
    let output =
        command("real", &[]).env("TENANT_ID", "11111111-2222-3333-4444-555555555555").output().unwrap();
    let error = stderr(&output);
    assert!(!output.status.success(), "{error}");
    for name in ["CLIENT_ID", "CLIENT_SECRET or CLIENT_CERTIFICATE", "SOURCES_FILE or SOURCES"] {
        assert!(error.contains(name), "{error}");
    }
}

#[test]
fn a_taken_port_and_an_unknown_level_are_named() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    for option in ["--dynamodb-port", "--simulator-port", "--port"] {
        let output = command("port", &["--serve", option, &port]).output().unwrap();
        let error = stderr(&output);
        assert!(error.contains(&port) && error.contains(option) && !output.status.success(), "{error}");
    }
    let output = command("level", &["--log", "bogus"]).output().unwrap();
    assert!(!output.status.success() && stderr(&output).contains("off, error, warn"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_sent_is_named() {
    let send = |name: &str, source: &str, file: &str| {
        stderr(&command(name, &["send", "--source", source, file]).output().unwrap())
    };
    let body = body("send", "{}");
    assert!(send("no-source", "nosuch", body.to_str().unwrap()).contains("the sources are: soar, splunk"));
    assert!(send("no-file", "splunk", "no/such/file.json").contains("no/such/file.json cannot be read"));
}
