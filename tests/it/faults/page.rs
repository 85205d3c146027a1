//! `docs/faults.md` names tests that are there, and every test of the matrix.

use crate::support::runbook::is_a_test;
use crate::support::schema::repository;

#[test]
fn the_page_names_tests_that_are_there_and_all_of_the_matrix() {
    let page = repository("docs/faults.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    let mut named = Vec::new();
    for row in rows {
        let tests = row.rsplit('|').nth(1).unwrap().split('`').skip(1).step_by(2);
        for test in tests {
            assert!(is_a_test(test), "there is no test {test}");
            named.push(test.to_owned());
        }
    }
    for file in ["worlds", "clock", "process"] {
        let source = repository(&format!("tests/it/faults/{file}.rs"));
        let tests = source.split("#[tokio::test]\nasync fn ").skip(1);
        for test in tests.map(|rest| rest.split('(').next().unwrap()) {
            assert!(named.iter().any(|name| name == test), "docs/faults.md lacks {test}");
        }
    }
}
