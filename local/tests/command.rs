//! `cargo local` as somebody at a terminal sees it: the real binary, its output and its exit status.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on says so by panicking")]

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use defender_tag_relay::clock::Clock;
use local::{events, sources};

/// Columns of a terminal that each line of a play must fit into.
const TERMINAL_COLUMNS: usize = 80;
/// The variables for the real Defender. A test must not have them by chance.
const REAL: [&str; 6] =
    ["TENANT_ID", "CLIENT_ID", "CLIENT_SECRET", "CLIENT_CERTIFICATE", "SOURCES", "SOURCES_FILE"];
const MACHINE: &str = "34e83ca3feea4dbf2353006ea769262bac60025e";

/// The command in an empty folder of its own.
fn command(folder: &str, arguments: &[&str]) -> Command {
    empty(folder);
    in_folder(folder, arguments)
}

/// The command in this folder.
fn in_folder(folder: &str, arguments: &[&str]) -> Command {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder);
    let mut command = Command::new(env!("CARGO_BIN_EXE_local"));
    command.args(arguments).current_dir(folder).stdin(Stdio::null());
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
    simulator: String,
    dynamodb: String,
    /// The folder of its files.
    kept: PathBuf,
    screen: BufReader<std::process::ChildStdout>,
}

impl Serving {
    fn start(folder: &str, arguments: &[&str]) -> Self {
        empty(folder);
        Self::start_again(folder, arguments)
    }

    /// The same, with the files of the run before.
    fn start_again(folder: &str, arguments: &[&str]) -> Self {
        let ports = ["--serve", "--port", "0", "--simulator-port", "0", "--dynamodb-port", "0"];
        let mut command = in_folder(folder, &[&ports[..], &["--data", "kept/relay.db"], arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut screen = BufReader::new(child.stdout.take().unwrap());
        let mut urls = Vec::new();
        for line in screen.by_ref().lines().map_while(Result::ok) {
            urls.extend(line.split_once("http://").map(|(_, address)| format!("http://{address}")));
            if urls.len() == 3 {
                break;
            }
        }
        let [relay, simulator, dynamodb] = urls.try_into().unwrap();
        let kept = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(folder).join("kept");
        Self { child, url: relay, simulator, dynamodb, kept, screen }
    }

    /// Reads the screen until a line has this text.
    fn shows(&mut self, text: &str) -> bool {
        self.screen.by_ref().lines().map_while(Result::ok).any(|line| line.contains(text))
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.child.id().to_string()).status();
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
    let stages = [
        "✓ verified",
        &format!("Add contain-1 on 1 machine: {MACHINE}"),
        "machines  from $.machine",
        "tag       from the configuration",
        "action    from the configuration",
        "✓ allowed   1 request",
    ];
    for stage in stages {
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
    // It knows the run's own sources, from whatever folder it is called.
    let arguments = ["send", "--url", &serving.url, "--source", "jira", files[1]];
    let sent = command("send", &arguments).output().unwrap();
    assert!(stdout(&sent).contains(r#""outcome":"applied""#), "{}{}", stdout(&sent), stderr(&sent));
    assert!(serving.shows("Add contain-1: 1 applied"), "the outcome is shown while it serves");
    assert!(serving.shows("POST /v1/hooks/{source} → 200"), "the request is shown while it serves");
}

#[test]
fn what_the_relay_says_is_applied_is_so_in_defender_after_a_restart_too() {
    let sources = sources("restart", r#""Add""#);
    let body = body("restart", &format!(r#"{{"machine": "{MACHINE}"}}"#));
    let arguments = ["--sources", sources.to_str().unwrap()];
    let send = |serving: &Serving| {
        let arguments = ["send", "--url", &serving.url, "--source", "jira", body.to_str().unwrap()];
        stdout(&command("restart-send", &arguments).output().unwrap())
    };
    let tagged = |serving: &Serving| {
        answer(&serving.simulator, "GET /_sim/machines", "host: {host}\r\n", "").contains("contain-1")
    };
    let first = Serving::start("restart", &arguments);
    assert!(send(&first).contains(r#""applied""#) && tagged(&first));
    drop(first);
    assert!(tagged(&Serving::start_again("restart", &arguments)), "the tag is kept with the request");
}

#[test]
fn a_server_whose_screen_is_closed_goes_on() {
    let mut serving = Serving::start("closed", &[]);
    drop(std::mem::replace(&mut serving.screen, BufReader::new(spare_pipe())));
    for _ in 0..2 {
        let answer = answer(&serving.url, "GET /v1/health", "host: {host}\r\n", "");
        assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    }
}

/// A pipe that nobody uses.
fn spare_pipe() -> std::process::ChildStdout {
    let mut child = Command::new("true").stdout(Stdio::piped()).spawn().unwrap();
    child.wait().unwrap();
    child.stdout.take().unwrap()
}

#[test]
fn the_screen_says_why_a_sender_was_not_verified() {
    let mut serving = Serving::start("unverified", &[]);
    let hook = "host: {host}\r\ncontent-type: application/json\r\nx-relay-key: wrong\r\n";
    assert!(answer(&serving.url, "POST /v1/hooks/datadog", hook, "{}").starts_with("HTTP/1.1 401"));
    assert!(serving.shows("401 not_verified: the secret is not the source's"));
}

#[test]
fn an_option_without_effect_is_named() {
    let output = command("no-serve", &["--port", "9999"]).output().unwrap();
    assert!(
        !output.status.success() && stderr(&output).contains("--port needs --serve"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn no_command_overwrites_a_configuration_of_somebodys_own() {
    let own = sources("overwrite", r#""Add""#);
    let folder = empty("overwrite");
    let file = folder.join("sources.json");
    std::fs::copy(&own, &file).unwrap();
    let body = body("overwrite", "{}");
    for arguments in
        [vec!["send", "--source", "jira", body.to_str().unwrap()], vec!["sign", "hooks/splunk.json"]]
    {
        let _ = in_folder("overwrite", &[&["--data", "relay.db"][..], &arguments].concat()).output().unwrap();
    }
    let _ = in_folder("overwrite", &["--data", "relay.db"]).output().unwrap();
    assert_eq!(std::fs::read_to_string(file).unwrap(), std::fs::read_to_string(own).unwrap());
}

#[test]
fn a_run_that_was_killed_is_not_believed_to_serve() {
    let mut serving = Serving::start("killed", &[]);
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    let port: u16 = serving.url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(local::serving::runs().iter().all(|run| run.port != port));
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
        let output = command("port", &["--serve", "--data", "relay.db", option, &port]).output().unwrap();
        let error = stderr(&output);
        assert!(error.contains(&port) && error.contains(option) && !output.status.success(), "{error}");
    }
    let output = command("level", &["--log", "bogus"]).output().unwrap();
    assert!(!output.status.success() && stderr(&output).contains("off, error, warn"), "{}", stderr(&output));
}

#[test]
fn what_cannot_be_sent_is_named() {
    let send = |name: &str, source: &str, file: &str| {
        stderr(&command(name, &["send", "--data", "relay.db", "--source", source, file]).output().unwrap())
    };
    let body = body("send", "{}");
    assert!(send("no-source", "nosuch", body.to_str().unwrap()).contains("the sources are: soar, splunk"));
    assert!(send("no-file", "splunk", "no/such/file.json").contains("no/such/file.json cannot be read"));
    let nobody = send("nobody", "splunk", body.to_str().unwrap());
    assert!(nobody.starts_with("No relay of this workspace serves that now"), "{nobody}");
}

/// The status and the body that a server answers to these lines.
fn answer(url: &str, request: &str, headers: &str, body: &str) -> String {
    let address = url.strip_prefix("http://").unwrap();
    let (address, path) = address.find('/').map_or((address, ""), |at| address.split_at(at));
    let (method, route) = request.split_once(' ').unwrap();
    let mut connection = TcpStream::connect(address).unwrap();
    let text = format!(
        "{method} {path}{route} HTTP/1.1\r\n{headers}content-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    connection.write_all(text.replace("{host}", address).as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn a_web_page_of_another_origin_reaches_none_of_the_three_ports() {
    let serving = Serving::start("page", &[]);
    let ports =
        [(&serving.url, "/v1/health"), (&serving.simulator, "/_sim/machines"), (&serving.dynamodb, "/")];
    for (url, route) in ports {
        let strangers = [
            "host: {host}\r\norigin: https://evil.example\r\n",
            "host: {host}\r\norigin: null\r\n",
            "host: evil.example\r\n",
        ];
        for headers in strangers {
            for method in ["GET", "POST", "OPTIONS"] {
                let answer = answer(url, &format!("{method} {route}"), headers, "");
                assert!(answer.starts_with("HTTP/1.1 403"), "{method} {url}: {answer}");
                assert!(!answer.to_lowercase().contains("access-control-allow"), "{answer}");
            }
        }
    }
    assert!(answer(&serving.url, "GET /v1/health", "host: {host}\r\n", "").starts_with("HTTP/1.1 200"));
}

#[test]
fn the_table_needs_the_key_of_its_run() {
    let serving = Serving::start("key", &[]);
    let (address, key) = serving.dynamodb.rsplit_once('/').unwrap();
    let headers = "host: {host}\r\nx-amz-target: DynamoDB_20120810.ListTables\r\n";
    assert!(answer(address, "POST /", headers, "{}").starts_with("HTTP/1.1 403"));
    assert!(answer(address, &format!("POST /{key}"), headers, "{}").contains("defender-tag-relay"));
}

#[test]
fn only_their_owner_can_read_the_files_of_a_run() {
    let serving = Serving::start("modes", &[]);
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&serving.kept), 0o700);
    let files: Vec<_> =
        std::fs::read_dir(&serving.kept).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(files.len() >= 3, "{files:?}");
    for file in files {
        assert_eq!(mode(&file), 0o600, "{}", file.display());
    }
}

#[test]
fn warnings_of_a_play_are_the_relays_own() {
    let output = command("warnings", &["--log", "warn"]).output().unwrap();
    let shown = stdout(&output);
    let warnings: Vec<_> = shown.lines().filter(|line| line.contains(r#""level":"WARN""#)).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("an unfit webhook was accepted"), "{warnings:?}");
}

/// The lines of a shell that `cargo local check` shows for a source, without the one that reads its key.
fn shown_curl(check: &str, source: &str) -> String {
    let (_, rest) = check.split_once(&format!("✓ {source}\n")).unwrap();
    let (lines, _) = rest.split_once("\n✓ ").unwrap_or((rest, ""));
    let (_, lines) = lines.split_once("\n  KEY=").unwrap();
    let (_, lines) = lines.split_once('\n').unwrap();
    lines.split("\n  cargo local try").next().unwrap().to_owned()
}

/// The same lines for the relay of this test: `check` shows the one that began last.
fn at(url: &str, script: &str) -> String {
    let (before, rest) = script.split_once("http://127.0.0.1:").unwrap();
    let (_, path) = rest.split_once('/').unwrap();
    format!("{before}{url}/{path}")
}

#[test]
fn the_curl_that_is_shown_for_a_source_works_for_each_way_of_signing() {
    let serving = Serving::start("curl", &[]);
    let file = serving.kept.join("sample-sources.json");
    let check = stdout(&command("curl-check", &["check", file.to_str().unwrap()]).output().unwrap());
    let configuration = std::fs::read_to_string(&file).unwrap();
    let json = serde_json::from_str(&configuration).unwrap();
    let folder = empty("curl-bodies");
    let mut schemes = BTreeSet::new();
    let hooks =
        events::described().unwrap().into_iter().filter(|described| described.file.starts_with("hooks/"));
    for file in hooks.map(|described| described.file) {
        let event = events::ready(&file, &configuration, Clock::system().now()).unwrap();
        let path = event["rawPath"].as_str().unwrap().strip_prefix("/v1/hooks/").unwrap();
        let name = path.split('/').next().unwrap();
        let source = sources::find(&json, name).unwrap();
        std::fs::write(folder.join("body.json"), event["body"].as_str().unwrap()).unwrap();
        let script = at(&serving.url, &shown_curl(&check, name));
        let key = source["verify"]["secrets"][0].as_str().unwrap();
        assert!(!check.contains(key), "{name}: the key is on the screen");
        let shell = Command::new("sh").args(["-c", &script]).current_dir(&folder).env("KEY", key).output();
        let answer = stdout(&shell.unwrap());
        assert!(answer.starts_with('{') && !answer.contains("\"status\":401"), "{name}: {answer}\n{script}");
        schemes.insert(source["verify"]["scheme"].to_string());
    }
    assert!(schemes.len() >= 9, "{schemes:?}");
    let key = local::loopback::KEY;
    let script = at(&serving.url, &shown_curl(&check, "soar"));
    let shell =
        Command::new("sh").args(["-c", &script]).current_dir(&folder).env("KEY", key).output().unwrap();
    assert!(stdout(&shell).contains(r#""source":"soar""#), "{}", stdout(&shell));
}

#[test]
fn a_try_shows_the_state_and_an_event_id_that_is_not_there() {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("state.sources.json");
    let text = format!(
        r#"{{"sources": [{{"name": "desk",
            "verify": {{"scheme": "github", "secrets": ["{secret}"]}},
            "read": {{"machines": ["$.machine"], "tag": "contain-1", "event_id": ["$.id"], "on_resolved": "Remove",
                      "state": {{"from": ["$.action"], "active": ["Create"], "resolved": ["Close"]}}}},
            "allow": {{"tags": ["contain-*"], "actions": ["Add", "Remove"], "machines": 10}}}}]}}"#,
        secret = "k".repeat(30)
    );
    std::fs::write(&path, text).unwrap();
    let tried = |name: &str, body_text: String| {
        let body = body(name, &body_text);
        let arguments =
            ["try", "--source", "desk", "--sources", path.to_str().unwrap(), body.to_str().unwrap()];
        stdout(&command(name, &arguments).output().unwrap())
    };
    let closed = tried("state-close", format!(r#"{{"machine": "{MACHINE}", "action": "Close", "id": "7"}}"#));
    for line in
        ["Remove contain-1", "state     from $.action", "event id  from $.id", "action    from the state"]
    {
        assert!(closed.contains(line), "{line}: {closed}");
    }
    let without_id = tried("state-create", format!(r#"{{"machine": "{MACHINE}", "action": "Create"}}"#));
    assert!(without_id.contains("event id  not found"), "{without_id}");
    let note = tried("state-note", format!(r#"{{"machine": "{MACHINE}", "action": "AddNote", "id": "7"}}"#));
    assert!(note.contains("ignored"), "{note}");
}
