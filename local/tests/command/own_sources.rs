//! Sources of one's own: checked, tried, and called by the `curl` that is shown.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::process::Command;

use defender_tag_relay::clock::Clock;
use local::events;
use local::sources::find;

use crate::support::{MACHINE, Serving, body, command, empty, sources, stdout};

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
        let source = find(&json, name).unwrap();
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
