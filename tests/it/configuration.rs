use std::process::Command;

/// The function's own binary with this environment and no other.
fn start(variables: &[(&str, &str)]) -> (bool, String) {
    let started = Command::new(env!("CARGO_BIN_EXE_defender-tag-relay"))
        .env_clear()
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    (started.status.success(), String::from_utf8(started.stdout).unwrap())
}

#[test]
fn a_configuration_that_cannot_work_stops_the_start_and_names_every_variable() {
    let (started, output) =
        start(&[("DEFENDER_ENDPOINT", "https://example.org"), ("CALLS_PER_HOUR", "1501")]);
    assert!(!started);
    let at_fault = [
        "TABLE_NAME",
        "TENANT_ID",
        "CLIENT_ID",
        "CLIENT_SECRET",
        "SOURCES",
        "DEFENDER_ENDPOINT",
        "CALLS_PER_HOUR",
    ];
    for name in at_fault {
        assert!(output.contains(&format!("{name}: ")), "{name} is not in {output}");
    }
}

#[test]
fn sources_that_cannot_be_used_stop_the_start_and_tell_no_secret() {
    let (started, output) = start(&[
        ("TABLE_NAME", "relay"),
        ("TENANT_ID", "t"),
        ("CLIENT_ID", "c"),
        ("CLIENT_SECRET", "hush"),
        (
            "SOURCES",
            r#"{"sources": [{"name": "a", "verify": {"scheme": "none", "secrets": ["hush"]},
            "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}}]}"#,
        ),
        ("AWS_REGION", "us-east-1"),
    ]);
    assert!(!started && output.contains("SOURCES: source `a`: verify.scheme is unknown"), "{output}");
    assert!(!output.contains("hush"), "{output}");
}
