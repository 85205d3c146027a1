//! Imports as arrows between files.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Package, SourceFile};

/// For each file, the files that declare what it uses.
fn arrows(package: &Package) -> BTreeMap<&str, BTreeSet<&str>> {
    let targets = |file: &SourceFile| -> BTreeSet<&str> {
        let declared =
            file.uses.iter().filter_map(|path| Some(package.resolve(path)?.declared.path.as_str()));
        declared.filter(|path| *path != file.path).collect()
    };
    package.files().map(|file| (file.path.as_str(), targets(file))).collect()
}

/// A way from a file back to itself, if there is one.
pub(crate) fn cycle(package: &Package) -> Option<Vec<String>> {
    let arrows = arrows(package);
    let mut done = BTreeSet::new();
    arrows.keys().find_map(|file| walk(file, &arrows, &mut Vec::new(), &mut done))
}

fn walk<'a>(
    file: &'a str,
    arrows: &BTreeMap<&'a str, BTreeSet<&'a str>>,
    way: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(start) = way.iter().position(|before| *before == file) {
        return Some(way[start..].iter().chain([&file]).map(|path| (*path).to_owned()).collect());
    }
    if done.contains(file) {
        return None;
    }
    way.push(file);
    let found = arrows[file].iter().find_map(|next| walk(next, arrows, way, done));
    way.pop();
    done.insert(file);
    found
}

/// Each use of a name that a file takes from the face of its own room.
pub(crate) fn own_faces(package: &Package) -> Vec<String> {
    let mut found = BTreeSet::new();
    for file in package.files() {
        let Some((_, room)) = file.module.split_last() else { continue };
        for path in &file.uses {
            let target = package.resolve(path);
            let through_face = target.is_some_and(|target| target.is_item && target.named.module == room);
            if through_face && !room.is_empty() {
                found.insert(format!(
                    "{} goes through its own face for crate::{}",
                    file.path,
                    path.join("::")
                ));
            }
        }
    }
    found.into_iter().collect()
}
