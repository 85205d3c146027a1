use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStringExt;
use std::process::Command;

use crate::support::schema::repository;
use defender_tag_relay::config::endpoints::REGIONS;
use serde_json::{Value, json};

const GOOD: [(&str, &str); 5] = [
    ("TABLE_NAME", "relay"),
    ("TENANT_ID", "t"),
    ("CLIENT_ID", "c"),
    ("CLIENT_SECRET", "hush"),
    ("AWS_REGION", "us-east-1"),
];

type Variables<'a> = Vec<(&'a str, &'a str)>;

/// The function's own binary with this environment and no other.
fn start<T: AsRef<OsStr>>(variables: &[(&str, T)]) -> (bool, String) {
    let started = Command::new(env!("CARGO_BIN_EXE_defender-tag-relay"))
        .env_clear()
        .envs(variables.iter().map(|(name, value)| (name, value.as_ref())))
        .output()
        .unwrap();
    (started.status.success(), String::from_utf8(started.stdout).unwrap())
}

#[test]
fn a_configuration_that_cannot_work_stops_the_start_and_names_every_variable() {
    let (started, output) = start(&[
        ("DEFENDER_ENDPOINT", "https://example.org"),
        ("CALLS_PER_HOUR", "1501"),
        ("AWS_REGION", "x"),
    ]);
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
    let sources = r#"{"sources": [{"name": "a", "verify": {"scheme": "none", "secrets": ["hush"]},
        "allow": {"tags": ["*"], "actions": ["Add"], "machines": 1}}]}"#;
    let (started, output) = start(&[&GOOD[..], &[("SOURCES", sources)]].concat());
    assert!(
        !started && output.contains(r#"SOURCES: sources[0] \"a\": verify.scheme: is unknown"#),
        "{output}"
    );
    assert!(!output.contains("hush"), "{output}");
}

#[test]
fn one_message_names_settings_and_texts_at_fault_alike() {
    let empty = r#"{"sources": []}"#;
    let all = |more: &[(&'static str, &'static str)]| [&GOOD[..], more].concat();
    let without = |name: &str, more| all(more).into_iter().filter(|(known, _)| *known != name).collect();
    let cases: [(Variables<'_>, &[&str]); 5] = [
        (all(&[("LOG_LEVEL", "loud"), ("SOURCES", empty)]), &["LOG_LEVEL", "SOURCES"]),
        (
            without("TABLE_NAME", &[("SOURCES_FILE", "/nowhere/sources.json")]),
            &["TABLE_NAME", "SOURCES_FILE"],
        ),
        (without("CLIENT_ID", &[("SOURCES", "{")]), &["CLIENT_ID", "SOURCES"]),
        (
            vec![
                ("TABLE_NAME", "t"),
                ("AWS_REGION", "x"),
                ("TENANTS", r#"{"tenants": []}"#),
                ("SOURCES", empty),
            ],
            &["TENANTS", "SOURCES"],
        ),
        (
            vec![("AWS_REGION", "x"), ("TENANTS", "{"), ("SOURCES", empty), ("RESPOND_WITHIN_MS", "-1")],
            &["TABLE_NAME", "RESPOND_WITHIN_MS", "TENANTS", "SOURCES"],
        ),
    ];
    for (variables, at_fault) in cases {
        let (started, output) = start(&variables);
        assert!(!started);
        for name in at_fault {
            assert_eq!(output.matches(&format!("  {name}: ")).count(), 1, "{name} in {output}");
        }
    }
}

#[test]
fn a_field_that_stands_twice_in_a_text_stops_the_start() {
    let sources = r#"{"sources": [{"name": "a", "verify": {"scheme": "bearer", "secrets": ["hush"]},
        "allow": {"tags": ["vip"], "tags": ["*"], "actions": ["Add"], "machines": 1}}]}"#;
    let (started, output) = start(&[&GOOD[..], &[("SOURCES", sources)]].concat());
    assert!(
        !started && output.contains("SOURCES: a field is there twice in one object, at line 2"),
        "{output}"
    );
    let tenants = r#"{"tenants": [{"name": "a", "name": "b"}]}"#;
    let (started, output) =
        start(&[("TABLE_NAME", "t"), ("AWS_REGION", "x"), ("SOURCES", sources), ("TENANTS", tenants)]);
    assert!(
        !started && output.contains("TENANTS: a field is there twice in one object, at line 1"),
        "{output}"
    );
}

#[test]
fn a_variable_that_is_not_utf_8_is_named_where_it_is_used_and_ignored_where_it_is_not() {
    let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
    let mut variables: Vec<_> = GOOD.iter().map(|(name, value)| (*name, bytes(value.as_bytes()))).collect();
    variables.extend([("SOURCES", bytes(b"{}")), ("LC_ALL", bytes(b"\xff")), ("TABLE_NAME", bytes(b"\xff"))]);
    let (started, output) = start(&variables);
    assert!(
        !started && output.contains("TABLE_NAME: is not UTF-8") && !output.contains("LC_ALL"),
        "{output}"
    );
}

#[test]
fn the_schema_and_the_template_know_the_regions_that_the_relay_knows() {
    let names = json!(REGIONS.map(|region| region.name));
    let schema: Value = serde_json::from_str(&repository("docs/tenants.schema.json")).unwrap();
    assert_eq!(schema["$defs"]["tenant"]["properties"]["region"]["enum"], names);
    let template: Value = serde_saphyr::from_str(&repository("template.yaml")).unwrap();
    assert_eq!(template["Parameters"]["DefenderRegion"]["AllowedValues"], names);
}
