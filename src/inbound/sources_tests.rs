use super::Sources;

fn with(change: &str) -> String {
    let smallest = r#"{"sources": [{"name": "soar", "verify": {"scheme": "bearer", "secrets": ["hush"]},
        "allow": {"tags": ["*"], "actions": ["Add", "Remove"], "machines": 10000}, "priority": "routine"}]}"#;
    let (from, to) = change.split_once(" => ").unwrap_or(("", ""));
    smallest.replacen(from, to, 1)
}

#[test]
fn the_smallest_configuration_of_the_contract_is_read() {
    let sources = Sources::parse(&with("")).unwrap();
    assert_eq!(sources.iter().map(|s| s.name.as_str()).collect::<Vec<_>>(), ["soar"]);
}

#[test]
fn what_is_wrong_fails_closed_and_tells_no_secret() {
    let changes = [
        "\"bearer\" => \"none\"",
        "\"hush\" => \"hush\", \" \"",
        "[\"hush\"] => []",
        "\"soar\" => \"SOAR hush\"",
        "\"priority\" => \"prio\"",
        "\"routine\" => \"low\"",
        "\"machines\": 10000 => \"machines\": 0",
        "\"Add\", \"Remove\" => ",
        "\"*\" => ",
        "[\"hush\"] => \"hush\"",
        "{\"sources\": => {\"sources\" hush",
    ];
    for change in changes {
        let error = Sources::parse(&with(change)).expect_err(change).to_string();
        assert!(!error.contains("hush") || change.contains("SOAR"), "{change}: {error}");
    }
}

#[test]
fn a_name_is_used_once() {
    let one = with("");
    let inner = one.split_once('[').unwrap().1.rsplit_once(']').unwrap().0;
    let error = Sources::parse(&format!("{{\"sources\": [{inner}, {inner}]}}")).unwrap_err();
    assert_eq!(error.to_string(), "source `soar`: its name is used twice");
}

#[test]
fn no_debug_output_tells_a_secret() {
    assert!(!format!("{:?}", Sources::parse(&with("")).unwrap()).contains("hush"));
}
