//! `docs/runbook.md`, and the tests it names.

use std::collections::BTreeMap;

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

/// Whether a test of this name is in this binary.
pub fn is_a_test(name: &str) -> bool {
    let files = std::fs::read_dir("tests/it").unwrap().map(|entry| entry.unwrap().path());
    let mut sources = files.filter(|path| path.is_file()).map(|path| std::fs::read_to_string(path).unwrap());
    sources.any(|source| source.contains(&format!("fn {name}(")))
}
