//! Reads from `docs/faults.md` what each fault must lead to. The page names only tests that exist, and every test of
//! the matrix.

use crate::support::runbook::is_a_test;
use crate::support::schema::repository;

/// What the page says of the faults of a test.
#[derive(Clone, Copy, Debug)]
pub(super) struct Expected {
    /// What callers see: the status.
    pub(super) status: u64,
    /// Whether the budget says what blocks the backlog.
    pub(super) held_up: bool,
    /// Minutes until everything is applied.
    pub(super) minutes: usize,
}

/// The rows of the page's tables that name tests, each cut into its cells.
fn rows() -> Vec<Vec<String>> {
    let page = repository("docs/faults.md");
    let rows = page.lines().filter(|line| line.starts_with("| ") && line.contains('`'));
    rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}

fn tests_of(row: &[String]) -> Vec<&str> {
    row.last().unwrap().split('`').skip(1).step_by(2).collect()
}

/// What the page says of a test's faults.
pub(super) fn expected_for(test: &str) -> Expected {
    let rows = rows();
    let row = rows.iter().find(|row| tests_of(row).contains(&test)).expect(test);
    let minutes = row[3].split(" min").next().unwrap().rsplit(' ').next().unwrap();
    let status = row[1][..3].parse().expect(test);
    let held_up = row[1].contains("`heldUp`");
    Expected { status, held_up, minutes: minutes.parse().expect(test) }
}

#[test]
fn the_page_names_tests_that_are_there_and_all_of_the_matrix() {
    let rows = rows();
    let named: Vec<_> = rows.iter().flat_map(|row| tests_of(row)).collect();
    for test in &named {
        assert!(is_a_test(test), "there is no test {test}");
    }
    for file in ["dependencies", "clock_steps", "process"] {
        let source = repository(&format!("tests/it/faults/{file}.rs"));
        let tests =
            source.split("test]\n").skip(1).filter_map(|rest| rest.split_once("fn ")?.1.split('(').next());
        for test in tests {
            assert!(named.contains(&test), "docs/faults.md lacks {test}");
        }
    }
}
