//! Who reaches a serving run, and who reads its files.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::support::{Serving, answer, body, empty, in_folder, sources};

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
