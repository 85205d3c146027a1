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

/// Whether a test of this name is in the repository's tests.
pub fn is_a_test(name: &str) -> bool {
    let folders = ["tests/it", "tests/it/faults", "local/tests"];
    let files = folders.into_iter().flat_map(|folder| std::fs::read_dir(folder).unwrap());
    let files = files.map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let mut sources = files.map(|path| std::fs::read_to_string(path).unwrap());
    sources.any(|source| source.contains(&format!("fn {name}(")))
}
