//! The sources' configuration. The parser and the schema must find the same faults.

use defender_tag_relay::config::ConfigFault;
use defender_tag_relay::inbound::Sources;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::support::schema::{faults, repository};

fn good() -> Value {
    let allow = json!({ "tags": ["contain-*"], "actions": ["Add", "Remove"], "machines": 10 });
    json!({ "sources": [
        { "name": "a", "verify": { "scheme": "hmac", "header": "X-Signature", "encoding": "base64", "prefix": "v0=",
          "timestamp_header": "X-Time", "signed": "timestamp.body", "secrets": ["hush-hush-hush"], "weak_secret": true },
          "read": { "preset": "alertmanager", "tag": "contain-1", "on_resolved": "Remove" }, "allow": allow,
          "priority": "urgent", "on_bad_payload": "accept", "answer": { "wait_s": 5 } },
        { "name": "b", "verify": { "scheme": "bearer", "secrets": ["hush-hush", "hush"], "weak_secret": true }, "allow": allow },
    ]})
}

/// The configuration with other values at some places; `null` takes a field away.
pub(super) fn with(changes: &[(&str, Value)]) -> Value {
    let mut configuration = good();
    for (place, value) in changes {
        let (parent, field) = place.rsplit_once('/').unwrap();
        let parent =
            configuration.pointer_mut(&format!("/sources/{parent}")).unwrap().as_object_mut().unwrap();
        match value {
            Value::Null => parent.remove(field),
            value => parent.insert(field.to_owned(), value.clone()),
        };
    }
    configuration
}

/// The faults that the parser names, one a line.
pub(super) fn faults_of(configuration: &Value) -> String {
    let error = Sources::parse(&configuration.to_string()).expect_err(&configuration.to_string());
    error.faults().iter().map(ConfigFault::to_string).collect::<Vec<_>>().join("\n")
}

/// The configuration of two sources with another value at one place.
fn one(place: &str, value: Value) -> Value {
    with(&[(place, value)])
}

/// What is wrong with a source's `verify`, and whether a schema can say so.
fn cases_of_verify() -> Vec<(Value, bool)> {
    let scheme = |name: &str, secret: &str| one("0/verify", json!({ "scheme": name, "secrets": [secret] }));
    vec![
        (one("0/verify/scheme", json!("none")), true),
        (one("0/verify/secrets", json!([])), true),
        (one("0/verify/secrets", json!(["hush", " "])), true),
        (one("0/verify/secrets", json!(["hush "])), true),
        (one("0/verify/secrets", json!(["hush", "hush", "hush", "hush"])), true),
        (one("0/verify/secrets", json!("hush")), true),
        (one("0/verify/secrets", Value::Null), true),
        (one("0/verify/secrets_arn", json!("arn:aws:secretsmanager:x")), true),
        (with(&[("0/verify/secrets", Value::Null), ("0/verify/secrets_arn", json!("hush"))]), true),
        (one("0/verify/secret", json!("hush")), true),
        (one("0/verify/header", Value::Null), true),
        (one("0/verify/header", json!("no header")), true),
        (one("0/verify/encoding", json!("rot13")), true),
        (one("0/verify/signed", json!("header")), true),
        (one("0/verify/signed", Value::Null), true),
        (one("0/verify/timestamp_header", Value::Null), true),
        (one("1/verify/header", json!("x-key")), true),
        (one("1/verify/timestamp_header", json!("x-time")), true),
        (scheme("path_token", "hush-hush"), true),
        (scheme("path_token", "hush-hush/hush-hush-hush"), true),
        (scheme("basic", "hush-hush"), true),
        (scheme("standard_webhooks", "hush-hush"), true),
        (scheme("standard_webhooks", "whsec_aHVzaA=="), true),
    ]
}

/// What is wrong beside that, and whether a schema can say so.
fn cases() -> Vec<(Value, bool)> {
    let read = |read: Value| one("0/read", read);
    let path = |path: &str| one("0/read", json!({ "machines": [path], "tag": "contain-1" }));
    vec![
        (one("0/name", json!("A b hush")), true),
        (one("0/name", json!("b")), false),
        (one("0/priority", json!("low")), true),
        (one("0/prio", json!("low")), true),
        (one("0/on_bad_payload", json!("drop")), true),
        (one("0/answer/wait_s", json!(26)), true),
        (one("0/allow/tags", json!([])), true),
        (one("0/allow/tags", json!(["contain-*", "**"])), true),
        (one("0/allow/tags", json!(["contain-*", "?*"])), true),
        (one("0/allow/tags", json!(["contain-*", ""])), true),
        (one("0/allow/tags", json!(["vip"])), false),
        (one("0/allow/actions", json!([])), true),
        (one("0/allow/actions", json!(["add"])), true),
        (one("0/allow/actions", json!(["Add"])), false),
        (one("0/allow/machines", json!(0)), true),
        (one("0/allow", Value::Null), true),
        (read(json!({ "preset": "nagios", "tag": "contain-1" })), true),
        (read(json!({ "preset": "native", "tag": "contain-1" })), true),
        (read(json!({ "preset": "splunk" })), true),
        (read(json!({ "tag": "contain-1" })), true),
        (read(json!({ "preset": "splunk", "tag": "" })), true),
        (read(json!({ "preset": "splunk", "tag": { "from": [] } })), true),
        (read(json!({ "preset": "splunk", "tag": { "from": ["$.a"], "map": {} } })), true),
        (read(json!({ "preset": "splunk", "tag": { "from": ["$.a"], "map": { "x": "vip" } } })), false),
        (read(json!({ "preset": "splunk", "tag": "contain-1", "on_resolved": "Remove" })), false),
        (read(json!({ "preset": "splunk", "tag": "contain-1", "on_resolved": "Add" })), true),
        (read(json!({ "preset": "splunk", "tag": "contain-1", "action": "add" })), false),
        (
            read(
                json!({ "preset": "pagerduty", "tag": "contain-1", "time": { "from": ["$.t"], "within_hours": 145 } }),
            ),
            true,
        ),
        (path("machines"), true),
        (path("$.a["), false),
        (path("$..a..b"), false),
        (path(&format!("$.{}", "a".repeat(300))), true),
        (json!({ "sources": [] }), true),
        (json!({ "sources": good()["sources"][0] }), true),
        (json!({ "source": good()["sources"] }), true),
    ]
}

/// What no header can carry, and what is no ARN.
fn cases_of_keys() -> Vec<(Value, bool)> {
    let verify = |verify: Value| with(&[("0/verify", verify)]);
    vec![
        (verify(json!({ "scheme": "bearer", "secrets": ["hush…"] })), true),
        (verify(json!({ "scheme": "bearer", "secrets": ["hu\u{7}sh"] })), true),
        (verify(json!({ "scheme": "header", "header": "x-key", "secrets": ["hushé"] })), true),
        (verify(json!({ "scheme": "github", "secrets_arn": "arn:hush" })), true),
        (verify(json!({ "scheme": "github", "secrets": ["hush-hush-hush-hush-h"] })), true),
        (verify(json!({ "scheme": "basic", "secrets": ["a-long-name-of-a-user:hush"] })), true),
        (verify(json!({ "scheme": "bearer", "secrets": ["put-a-long-random-key-here"] })), false),
        (verify(json!({ "scheme": "github", "secrets": ["relay:put-a-long-random-password-here"] })), false),
        (verify(json!({ "scheme": "github", "secrets": ["🔑🔑🔑🔑🔑🔑"] })), true),
        (verify(json!({ "scheme": "basic", "secrets": ["hush:ééééééééééé"] })), true),
        (one("0/verify/weak_secret", json!("yes")), true),
    ]
}

/// What is wrong with who a source is and whom it asks for.
fn cases_of_identity() -> Vec<(Value, bool)> {
    vec![
        (with(&[("0/tenant", json!("a/b"))]), true),
        (
            with(&[("0/verify", json!({ "scheme": "bearer", "secrets": ["hush"], "weak_secret": true }))]),
            false,
        ),
    ]
}

#[test]
fn every_fault_is_named_no_secret_is_told_and_the_schema_agrees() {
    assert_eq!((Sources::parse(&good().to_string()).map(|_| ()), faults(&good())), (Ok(()), vec![]));
    let mut shown = Vec::new();
    let cases = [cases_of_verify(), cases(), cases_of_identity(), cases_of_keys()].concat();
    for (configuration, schema_can_say) in cases {
        let error = faults_of(&configuration);
        assert!(!error.contains("hush"), "{error}");
        assert_eq!(!faults(&configuration).is_empty(), schema_can_say, "{error}: {configuration}");
        shown.push(error);
    }
    insta::assert_snapshot!(shown.join("\n"));
}

#[test]
fn one_message_names_the_faults_of_every_source() {
    let configuration = with(&[
        ("0/verify/scheme", json!("none")),
        ("0/allow/machines", json!(0)),
        ("0/read/preset", json!("nagios")),
        ("1/priority", json!("low")),
    ]);
    insta::assert_snapshot!(faults_of(&configuration));
}

#[test]
fn one_message_names_every_fault_of_every_source() {
    let configuration = json!({ "sources": [
        { "name": "a", "verify": { "scheme": "hmac", "secrets": [" hush", "hush", 7], "signed": "timestamp.body" },
          "read": { "machine": ["$.m"], "time": "hush", "state": { "resolved": [] }, "action": { "from": ["hush"] } },
          "allow": { "tags": ["**", 7], "actions": ["add"], "machines": 0 }, "answer": { "wait_s": 26 } },
        { "name": "a", "tenant": "hush/hush", "verify": { "scheme": "github", "encoding": "hex" },
          "read": { "preset": "nagios", "on_resolved": "hush" }, "allow": [], "prio": "hush" },
        { "name": "Hush", "verify": { "scheme": "hush", "secrets": "hush" }, "whsec_aHVzaA==": "hush" },
        "hush",
        { "name": "b", "verify": { "scheme": "bearer", "secrets": ["hush", "hush"], "weak_secret": true }, "priority": "hush" },
    ], "hush hush": "hush" });
    let found = faults_of(&configuration);
    assert!(!found.to_lowercase().contains("hush"), "{found}");
    insta::assert_snapshot!(found);
}

/// Every place of a configuration, as JSON pointers.
fn places(value: &Value, at: &str) -> Vec<String> {
    let within: Vec<String> = match value {
        Value::Object(fields) => {
            fields.iter().flat_map(|(name, value)| places(value, &format!("{at}/{name}"))).collect()
        }
        Value::Array(values) => {
            values.iter().enumerate().flat_map(|(n, value)| places(value, &format!("{at}/{n}"))).collect()
        }
        _ => Vec::new(),
    };
    [vec![at.to_owned()], within].concat()
}

fn full() -> Value {
    with(&[(
        "1/read",
        json!({ "machines": ["$.m"], "embedded": ["$.e"], "each": "$.a[*]", "event_id": ["$.i"],
            "tag": { "from": ["$.t"], "map": { "x": "contain-1" } }, "action": "Add",
            "state": { "from": ["$.s"], "active": ["on"], "resolved": ["off"] },
            "time": { "from": ["$.w"], "within_hours": 2 } }),
    )])
}

proptest! {
    #[test]
    fn no_text_of_the_configuration_is_told_wherever_it_stands(
        place in any::<prop::sample::Index>(), before in "[ -~]{0,12}", after in "[ -~é]{0,60}", as_name in any::<bool>(),
    ) {
        let secret = format!("{before}HuSh7{after}");
        let mut configuration = full();
        let places = places(&configuration, "");
        let value = configuration.pointer_mut(place.get::<String>(&places)).unwrap();
        match value {
            Value::Object(fields) if as_name => drop(fields.insert(secret, json!(1))),
            value => *value = json!(secret),
        }
        if let Err(error) = Sources::parse(&configuration.to_string()) {
            prop_assert!(!error.to_string().contains("HuSh7"), "{}", error);
        }
    }
}

#[test]
fn text_that_is_not_json_is_placed_and_not_shown() {
    let error = Sources::parse("{\"sources\": hush").unwrap_err().to_string();
    assert_eq!(
        error,
        "the configuration cannot work:\n  is not well-formed JSON: expected value at line 1 column 13"
    );
}

#[test]
fn the_schema_knows_the_schemes_and_presets_that_the_relay_knows() {
    let schema: Value = serde_json::from_str(&repository("docs/sources.schema.json")).unwrap();
    let of = |place: &str| {
        let names = schema.pointer(place).unwrap().as_array().unwrap().iter();
        names.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>().join(", ")
    };
    let said =
        |changes: &[(&str, Value)]| Sources::parse(&with(changes).to_string()).unwrap_err().to_string();
    let schemes = said(&[("1/verify/scheme", json!("none"))]);
    assert!(schemes.ends_with(&of("/$defs/verify/properties/scheme/enum")), "{schemes}");
    let presets = said(&[("0/read/preset", json!("none"))]);
    assert!(presets.ends_with(&of("/$defs/read/properties/preset/enum")), "{presets}");
}

#[test]
fn a_short_secret_is_named_although_its_scheme_cannot_be_read() {
    let found = faults_of(&one("0/verify", json!({ "scheme": "header", "secrets": ["hush"] })));
    assert!(
        found.contains("verify.header: is missing") && found.contains("at least 22 characters"),
        "{found}"
    );
}
