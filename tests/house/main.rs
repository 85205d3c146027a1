//! The structure of the code: no import cycle between files, no arrow upward, no file that goes through its own face,
//! and one name for one type. Each rule is shown once on a small tree that breaks it.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on says so by panicking"
)]

mod arrows;
mod graph;
mod imports;
mod modules;
mod names;

use std::collections::BTreeMap;
use std::path::Path;

use arrows::{LIBRARY, Room, upward};
use graph::{cycle, own_faces};
use modules::Package;

/// Type names that may be declared twice or more in the workspace.
const NAMES_DECLARED_TWICE_MAX: usize = 12;

/// The packages of the workspace: the folder, and the other packages that it may use.
const PACKAGES: [(&str, &[&str]); 4] = [
    ("", &["defender_tag_relay"]),
    ("simulator/", &["simulator"]),
    ("local/", &["local", "simulator", "defender_tag_relay"]),
    ("trials/", &["trials", "local", "simulator", "defender_tag_relay"]),
];

/// Every Rust file below a folder of the workspace, by its path from the workspace's root.
fn files_below(folder: &str) -> BTreeMap<String, String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = BTreeMap::new();
    let mut folders = vec![root.join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    files
}

fn package(folder: &str) -> Package {
    Package::read(&files_below(&format!("{folder}src")), &format!("{folder}src/"))
}

/// A small tree of files that stands for a package.
fn planted(files: &[(&str, &str)]) -> Package {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    Package::read(&files, "src/")
}

#[test]
fn no_file_imports_a_file_that_imports_it() {
    for (folder, _) in PACKAGES {
        assert_eq!(cycle(&package(folder)), None, "an import cycle in {folder}src");
    }
}

#[test]
fn a_cycle_is_found_also_where_it_goes_through_a_face_and_a_macro() {
    let package = planted(&[
        ("src/lib.rs", "mod a; mod b;"),
        ("src/a/mod.rs", "mod one; pub use one::One;"),
        ("src/a/one.rs", "use crate::b::two; pub struct One(two::Two);"),
        ("src/b/mod.rs", "pub mod two; mod three;"),
        ("src/b/two.rs", "pub struct Two; fn f() { g!(super::three::h()) }"),
        ("src/b/three.rs", "use crate::a::One; pub fn h() {}"),
    ]);
    let found = cycle(&package).unwrap();
    assert_eq!(found, ["src/a/one.rs", "src/b/two.rs", "src/b/three.rs", "src/a/one.rs"]);
}

#[test]
fn files_of_one_room_import_each_other_directly() {
    for (folder, _) in PACKAGES {
        assert_eq!(own_faces(&package(folder)), [""; 0]);
    }
}

#[test]
fn a_file_that_imports_its_own_face_is_found() {
    let package = planted(&[
        ("src/lib.rs", "mod a;"),
        ("src/a/mod.rs", "mod one; mod two; pub use one::One;"),
        ("src/a/one.rs", "pub struct One;"),
        ("src/a/two.rs", "use super::One; use super::one::One as Directly;"),
    ]);
    assert_eq!(own_faces(&package), ["src/a/two.rs goes through its own face for crate::a::One"]);
}

#[test]
fn arrows_point_down_only() {
    assert_eq!(upward(&package(""), &LIBRARY), [""; 0]);
}

#[test]
fn an_arrow_upward_and_a_room_without_a_rule_are_found() {
    let rooms = [Room { name: "relay", may_use: &["store"] }, Room { name: "store", may_use: &[] }];
    let package = planted(&[
        ("src/lib.rs", "mod relay; mod store; mod attic;"),
        ("src/relay.rs", "pub fn drain() { crate::store::read() }"),
        ("src/store.rs", "pub fn read() { crate::relay::drain() }"),
        ("src/attic.rs", ""),
    ]);
    assert_eq!(
        upward(&package, &rooms),
        ["src/attic.rs is in no room that has a rule", "src/store.rs (store) uses src/relay.rs (relay)"]
    );
}

#[test]
fn no_package_uses_one_that_stands_on_it() {
    let own: Vec<_> = PACKAGES.iter().flat_map(|(_, uses)| *uses).collect();
    for (folder, may_use) in PACKAGES {
        for file in package(folder).files() {
            let stranger = file
                .other_crates
                .iter()
                .find(|name| own.contains(&&name.as_str()) && !may_use.contains(&name.as_str()));
            assert_eq!(stranger, None, "{}", file.path);
        }
    }
}

#[test]
fn one_name_stands_for_one_type() {
    let folders = ["src", "tests", "benches", "simulator", "local", "trials"];
    let files = folders.into_iter().flat_map(files_below).collect();
    let twice = names::declared_twice(&files);
    assert!(twice.len() <= NAMES_DECLARED_TWICE_MAX, "{} names are declared twice: {twice:#?}", twice.len());
}

#[test]
fn a_name_that_is_declared_twice_is_found() {
    let files =
        [("a.rs", "struct One; mod m { enum Two {} }"), ("b.rs", "fn f() { struct Two; } trait Three {}")];
    let files = files.map(|(path, text)| (path.to_owned(), text.to_owned())).into();
    assert_eq!(
        names::declared_twice(&files),
        [("Two".to_owned(), vec!["a.rs".to_owned(), "b.rs".to_owned()])].into()
    );
}
