//! Reads `docs/runbook.md` and finds the tests that it names.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The page of each alarm by its anchor, with the test it names.
pub fn pages() -> BTreeMap<String, Option<String>> {
    let runbook = std::fs::read_to_string("docs/runbook.md").unwrap();
    let pages = runbook.split("\n## ").skip(1);
    let page = |page: &str| {
        let heading = page.lines().next().unwrap();
        let test = page.split_once("Shown by `").map(|(_, rest)| rest.split('`').next().unwrap().to_owned());
        (heading.to_lowercase().replace(' ', "-"), test)
    };
    pages.map(page).collect()
}

/// Whether a test of this name is in the repository's tests.
pub fn is_a_test(name: &str) -> bool {
    !body_of(name).is_empty()
}

/// The body of the test of this name; nothing if there is none.
pub fn body_of(name: &str) -> String {
    let files = ["tests/it", "trials/tests"].into_iter().flat_map(files_below);
    let mut sources = files.map(|path| std::fs::read_to_string(path).unwrap());
    let body = |source: String| {
        let (_, from) = source.split_once(&format!("fn {name}("))?;
        from.split("\n}\n").next().map(str::to_owned)
    };
    sources.find_map(body).unwrap_or_default()
}

/// The files of a folder and of the folders in it. A folder that is missing has none.
fn files_below(folder: impl AsRef<Path>) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries.flat_map(|path| if path.is_dir() { files_below(path) } else { vec![path] }).collect()
}

/// Whether this source checks values of a metric. An empty list is not a value.
pub fn counts(source: &str, metric: &str) -> bool {
    let looks = |statement: &str| statement.contains(&format!("metric(\"{metric}\")"));
    source.split(';').any(|statement| looks(statement) && !statement.contains("Vec::<i64>::new()"))
}

#[test]
fn a_metric_without_a_value_is_not_counted() {
    assert!(counts(r#"assert_eq!(metric("Calls"), [1]);"#, "Calls"));
    assert!(!counts(r#"assert_eq!(metric("Calls"), Vec::<i64>::new());"#, "Calls"));
    assert!(!counts(r#"assert_eq!(metric("CallMs"), [1]);"#, "Calls"));
}
