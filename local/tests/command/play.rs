//! A play, and what the command line refuses.

use std::net::TcpListener;
use std::path::PathBuf;
use std::process::Stdio;

use local::events;

use crate::support::{TERMINAL_COLUMNS, command, stderr, stdout};

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
fn an_option_without_effect_is_named() {
    let output = command("no-serve", &["--port", "9999"]).output().unwrap();
    assert!(
        !output.status.success() && stderr(&output).contains("--port needs --serve"),
        "{}",
        stderr(&output)
    );
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
fn warnings_of_a_play_are_the_relays_own() {
    let output = command("warnings", &["--log", "warn"]).output().unwrap();
    let shown = stdout(&output);
    let warnings: Vec<_> = shown.lines().filter(|line| line.contains(r#""level":"WARN""#)).collect();
    assert_eq!(warnings.len(), 1, "{warnings:?}");
    assert!(warnings[0].contains("an unfit webhook was accepted"), "{warnings:?}");
}
