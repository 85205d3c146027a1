//! The configurations that pages, presets and samples show: each is right by the schema, and works with a key of its own.

use defender_tag_relay::inbound::Sources;
use serde_json::{Value, json};

use super::configuration::{faults_of, with};
use crate::support::schema::{faults, repository};

#[test]
fn every_preset_can_be_used_and_has_a_file_a_page_and_an_event() {
    let events = repository("events/sources.json");
    let pages = repository("docs/senders/README.md");
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/presets")).unwrap() {
        let file = entry.unwrap().file_name().into_string().unwrap();
        let name = file.strip_suffix(".json").unwrap();
        let configuration = with(&[("0/read", json!({ "preset": name, "tag": "contain-1" }))]);
        assert_eq!(Sources::parse(&configuration.to_string()).map(|_| ()), Ok(()), "{name}");
        assert!(events.contains(&format!("\"preset\": \"{name}\"")), "{name} is in events/sources.json");
        assert!(pages.contains(&format!("`{name}`")), "{name} is in docs/senders/README.md");
    }
}

/// The blocks of JSON in a page.
fn blocks(page: &str) -> Vec<String> {
    let blocks = page.split("```json\n").skip(1);
    blocks.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The configuration with another secret wherever one stands in it.
fn with_own_secrets(mut configuration: Value) -> Value {
    for source in configuration["sources"].as_array_mut().unwrap() {
        let own = match source["verify"]["scheme"].as_str().unwrap() {
            "basic" => "relay:a-secret-that-is-not-published",
            "standard_webhooks" => "whsec_YS1zZWNyZXQtdGhhdC1pcy1ub3QtcHVibGlzaGVk",
            _ => "a-secret-that-is-not-published",
        };
        if source["verify"]["secrets"].is_array() {
            source["verify"]["secrets"] = json!([own]);
        }
    }
    configuration
}

#[test]
fn the_sample_of_the_local_run_is_right_by_the_schema_and_opens_nothing_but_the_simulator() {
    let sample: Value = serde_json::from_str(&repository("events/sources.json")).unwrap();
    assert_eq!(faults(&sample), Vec::<String>::new());
    let found = faults_of(&sample);
    let made_by_the_local_run = sample["sources"].as_array().unwrap().len() - 1;
    assert_eq!(found.matches("stands in the documentation").count(), made_by_the_local_run, "{found}");
}

#[test]
fn every_configuration_that_is_shown_works() {
    let mut pages = vec![repository("README.md"), repository("docs/deploy.md")];
    for entry in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/senders")).unwrap() {
        pages.push(std::fs::read_to_string(entry.unwrap().path()).unwrap());
    }
    let mut seen = 0;
    for page in &pages {
        for block in blocks(page) {
            let Ok(value) = serde_json::from_str::<Value>(&block) else {
                assert!(!block.contains("\"verify\""), "no JSON: {block}");
                continue;
            };
            let configuration = match (value.get("sources"), value.get("verify")) {
                (Some(_), _) => value,
                (None, Some(_)) => json!({ "sources": [value] }),
                (None, None) => continue,
            };
            assert_eq!(faults(&configuration), Vec::<String>::new(), "{block}");
            // The placeholder is refused with its reason, and with a secret of its own the configuration works.
            let copied = faults_of(&configuration);
            assert!(copied.lines().all(|fault| fault.contains("stands in the documentation")), "{copied}");
            let own = with_own_secrets(configuration);
            assert_eq!(Sources::parse(&own.to_string()).map(|_| ()), Ok(()), "{block}");
            seen += 1;
        }
    }
    assert!(seen > 12, "the pages were looked at: {seen}");
}
