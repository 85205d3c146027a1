//! What a file imports: its `use` lines, and every path in its code and its macros that leads to a module.

use std::collections::BTreeMap;

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{File, ItemFn, ItemMod, ItemUse, Macro, UseTree, Visibility};

use crate::modules::is_for_tests;

/// What a file imports.
#[derive(Default)]
pub(crate) struct Imports {
    /// Absolute paths of what it uses from its own package.
    pub(crate) uses: Vec<Vec<String>>,
    /// Names that it gives on to others, and the absolute paths that they stand for.
    pub(crate) reexports: BTreeMap<String, Vec<String>>,
    /// First names of all other paths: other crates, and names of the file itself.
    pub(crate) other_crates: Vec<String>,
}

/// What the file of this module imports. `children` are the modules that it declares.
pub(crate) fn imports_of(file: &File, module: &[String], children: &[String]) -> Imports {
    let mut names = Names { module, children, aliases: BTreeMap::new() };
    let mut use_lines = UseLines::default();
    use_lines.visit_file(file);
    let mut imports = Imports::default();
    for UseLine { path, name, is_public } in use_lines.0 {
        match names.absolute(&path) {
            None => imports.other_crates.push(path[0].clone()),
            Some(absolute) if is_public => {
                imports.reexports.insert(name, absolute);
            }
            Some(absolute) => {
                names.aliases.insert(name, absolute.clone());
                imports.uses.push(absolute);
            }
        }
    }
    let mut paths = Paths::default();
    paths.visit_file(file);
    for path in paths.0 {
        match names.absolute(&path) {
            None => imports.other_crates.push(path[0].clone()),
            Some(absolute) => imports.uses.push(absolute),
        }
    }
    imports
}

/// What the first name of a path can stand for in a file.
struct Names<'a> {
    module: &'a [String],
    children: &'a [String],
    aliases: BTreeMap<String, Vec<String>>,
}

impl Names<'_> {
    /// The path from the crate's root. None: it leads out of the package, or is a name of the file itself.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let mut absolute = match first.as_str() {
            "crate" | "defender_tag_relay" => vec![],
            "self" => self.module.to_vec(),
            "super" => self.module[..self.module.len().saturating_sub(1)].to_vec(),
            name if self.children.iter().any(|child| child == name) => {
                [self.module, &[name.to_owned()]].concat()
            }
            name => self.aliases.get(name)?.clone(),
        };
        for name in rest {
            if name == "super" {
                absolute.pop();
            } else if name != "self" {
                absolute.push(name.clone());
            }
        }
        Some(absolute)
    }
}

struct UseLine {
    path: Vec<String>,
    /// The name under which the file knows it.
    name: String,
    is_public: bool,
}

/// The `use` lines of a file, each flattened to whole paths.
#[derive(Default)]
struct UseLines(Vec<UseLine>);

impl<'ast> Visit<'ast> for UseLines {
    fn visit_item_use(&mut self, item: &'ast ItemUse) {
        let is_public = !matches!(item.vis, Visibility::Inherited);
        flatten(&item.tree, &mut vec![], &mut |path, name| {
            self.0.push(UseLine { path: path.to_vec(), name, is_public });
        });
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }
}

fn flatten(tree: &UseTree, before: &mut Vec<String>, found: &mut impl FnMut(&[String], String)) {
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, found);
            before.pop();
        }
        UseTree::Group(group) => group.items.iter().for_each(|item| flatten(item, before, found)),
        UseTree::Glob(_) => found(before, "*".into()),
        UseTree::Name(name) => {
            let name = name.ident.to_string();
            let known_as =
                if name == "self" { before.last().cloned().unwrap_or_default() } else { name.clone() };
            found(&[before.as_slice(), &[name]].concat(), known_as);
        }
        UseTree::Rename(rename) => {
            found(&[before.as_slice(), &[rename.ident.to_string()]].concat(), rename.rename.to_string());
        }
    }
}

/// Every path of at least two names in a file's code.
#[derive(Default)]
struct Paths(Vec<Vec<String>>);

impl Paths {
    /// Macros are not parsed, so their paths are found in their tokens.
    fn take_tokens(&mut self, tokens: TokenStream) {
        let mut path: Vec<String> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(ident) => {
                    if colons != 2 {
                        self.take(std::mem::take(&mut path));
                    }
                    path.push(ident.to_string());
                    colons = 0;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' => colons += 1,
                TokenTree::Group(group) => {
                    self.take(std::mem::take(&mut path));
                    self.take_tokens(group.stream());
                }
                _ => self.take(std::mem::take(&mut path)),
            }
        }
        self.take(path);
    }

    fn take(&mut self, path: Vec<String>) {
        if path.len() > 1 {
            self.0.push(path);
        }
    }
}

impl<'ast> Visit<'ast> for Paths {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        self.take(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    /// `pub(in crate::room)` uses nothing.
    fn visit_visibility(&mut self, _: &'ast Visibility) {}

    fn visit_macro(&mut self, item: &'ast Macro) {
        self.take_tokens(item.tokens.clone());
    }

    fn visit_item_mod(&mut self, item: &'ast ItemMod) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_mod(self, item);
        }
    }

    fn visit_item_fn(&mut self, item: &'ast ItemFn) {
        if !is_for_tests(&item.attrs) {
            visit::visit_item_fn(self, item);
        }
    }
}
