//! The modules of a package, each with its file and what that file imports.

use std::collections::BTreeMap;

use syn::{Attribute, Item, ItemMod};

use crate::imports::{Imports, imports_of};

/// A module's path below the crate's root: `["relay", "drain"]`. The root's own is empty.
pub(crate) type ModulePath = Vec<String>;

/// A package: its modules that are built without `cfg(test)`.
pub(crate) struct Package(BTreeMap<ModulePath, SourceFile>);

/// A file and what it imports.
pub(crate) struct SourceFile {
    /// Its path from the workspace's root.
    pub(crate) path: String,
    /// The module that it holds.
    pub(crate) module: ModulePath,
    /// Absolute paths of what it uses from this package.
    pub(crate) uses: Vec<Vec<String>>,
    /// Names that it gives on to others, and the absolute paths that they stand for.
    reexports: BTreeMap<String, Vec<String>>,
    /// First names of the paths that lead out of this package.
    pub(crate) other_crates: Vec<String>,
}

/// Where a path leads.
pub(crate) struct Target<'a> {
    /// The module that the path names, before any re-export is followed.
    pub(crate) named: &'a SourceFile,
    /// Whether the path ends with a name inside that module.
    pub(crate) is_item: bool,
    /// The file that declares what is meant.
    pub(crate) declared: &'a SourceFile,
}

/// Re-exports that are followed for one path.
const REEXPORTS_MAX: usize = 10;

impl Package {
    /// Reads the modules below `root`, which ends with a slash, beginning with `lib.rs`. `main.rs` is a module of its own.
    pub(crate) fn read(files: &BTreeMap<String, String>, root: &str) -> Self {
        let mut modules = BTreeMap::new();
        for (name, module) in [("lib.rs", vec![]), ("main.rs", vec!["main".to_owned()])] {
            let path = format!("{root}{name}");
            if files.contains_key(&path) {
                read_module(files, &path, root, module, &mut modules);
            }
        }
        Self(modules)
    }

    pub(crate) fn files(&self) -> impl Iterator<Item = &SourceFile> {
        self.0.values()
    }

    /// Where an absolute path leads.
    pub(crate) fn resolve(&self, path: &[String]) -> Option<Target<'_>> {
        let (named, rest) = self.longest_module(path)?;
        let mut declared = named;
        let mut path: Vec<String> = path.to_vec();
        let mut rest_len = rest;
        for _ in 0..REEXPORTS_MAX {
            let Some(name) = path.get(path.len() - rest_len).filter(|_| rest_len > 0) else { break };
            let Some(target) = declared.reexports.get(name) else { break };
            let mut next = target.clone();
            next.extend(path[path.len() - rest_len + 1..].iter().cloned());
            let Some((module, left)) = self.longest_module(&next) else { break };
            declared = module;
            path = next;
            rest_len = left;
        }
        Some(Target { named, is_item: rest > 0, declared })
    }

    /// The module that the longest beginning of a path names, and how many names are left behind it.
    fn longest_module(&self, path: &[String]) -> Option<(&SourceFile, usize)> {
        (0..=path.len()).rev().find_map(|len| Some((self.0.get(&path[..len])?, path.len() - len)))
    }
}

fn read_module(
    files: &BTreeMap<String, String>,
    path: &str,
    folder: &str,
    module: ModulePath,
    modules: &mut BTreeMap<ModulePath, SourceFile>,
) {
    let parsed = syn::parse_file(&files[path]).unwrap_or_else(|error| panic!("{path}: {error}"));
    let is_root = path.ends_with("/main.rs");
    let children: Vec<String> =
        parsed.items.iter().filter_map(child).map(|item| item.ident.to_string()).collect();
    for name in &children {
        let candidates = [format!("{folder}{name}.rs"), format!("{folder}{name}/mod.rs")];
        let child_path = candidates.iter().find(|path| files.contains_key(*path));
        let child_path = child_path.unwrap_or_else(|| panic!("{path} declares `{name}`, which has no file"));
        let mut child_module = if is_root { vec![] } else { module.clone() };
        child_module.push(name.clone());
        read_module(files, child_path, &format!("{folder}{name}/"), child_module, modules);
    }
    let root = if is_root { vec![] } else { module.clone() };
    let Imports { uses, reexports, other_crates } = imports_of(&parsed, &root, &children);
    let file = SourceFile { path: path.to_owned(), module: module.clone(), uses, reexports, other_crates };
    modules.insert(module, file);
}

/// A module with a file of its own that is not for tests alone.
fn child(item: &Item) -> Option<&ItemMod> {
    let Item::Mod(item) = item else { return None };
    (item.content.is_none() && !is_for_tests(&item.attrs)).then_some(item)
}

/// Whether something is built for tests alone.
pub(crate) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Path>().is_ok_and(|path| path.is_ident("test"))
    })
}
