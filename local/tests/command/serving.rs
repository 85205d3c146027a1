//! A serving run, what is sent to it, and what it keeps.

use std::io::BufReader;
use std::process::{ChildStdout, Command, Stdio};

use crate::support::{MACHINE, Serving, answer, body, command, sources, stderr, stdout};

/// Requests within which a change of the simulated machines must be kept.
const REQUESTS_UNTIL_KEPT: usize = 20_000;

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
fn a_killed_run_keeps_the_simulated_machines_with_the_table() {
    let sources = sources("kill", r#""Add""#);
    let body = body("kill", &format!(r#"{{"machine": "{MACHINE}"}}"#));
    let mut serving = Serving::start("kill", &["--sources", sources.to_str().unwrap()]);
    let arguments = ["send", "--url", &serving.url, "--source", "jira", body.to_str().unwrap()];
    assert!(stdout(&command("kill-send", &arguments).output().unwrap()).contains(r#""applied""#));
    let kept = serving.kept.join("simulated-machines.json");
    let is_kept = || std::fs::read_to_string(&kept).is_ok_and(|text| text.contains("contain-1"));
    let asked = (0..REQUESTS_UNTIL_KEPT).find(|_| {
        answer(&serving.url, "GET /v1/health", "host: {host}\r\n", "");
        is_kept()
    });
    assert!(asked.is_some(), "the machines are not kept while the run serves");
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    let again = Serving::start_again("kill", &["--sources", sources.to_str().unwrap()]);
    let machines = answer(&again.simulator, "GET /_sim/machines", "host: {host}\r\n", "");
    assert!(machines.contains("contain-1"), "{machines}");
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
fn spare_pipe() -> ChildStdout {
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
fn a_run_that_was_killed_is_not_believed_to_serve() {
    let mut serving = Serving::start("killed", &[]);
    serving.child.kill().unwrap();
    serving.child.wait().unwrap();
    let port: u16 = serving.url.rsplit(':').next().unwrap().parse().unwrap();
    assert!(local::serving::runs().iter().all(|run| run.port != port));
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
