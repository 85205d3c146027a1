//! The names of types: structures, enumerations, traits, unions and aliases, tests' own included.

use std::collections::BTreeMap;

use syn::visit::{self, Visit};
use syn::{Ident, Item};

/// The names that are declared twice or more, with the files that do.
pub(crate) fn declared_twice(files: &BTreeMap<String, String>) -> BTreeMap<String, Vec<String>> {
    let mut declared: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, text) in files {
        let parsed = syn::parse_file(text).unwrap_or_else(|error| panic!("{path}: {error}"));
        let mut types = Types(Vec::new());
        types.visit_file(&parsed);
        for name in types.0 {
            declared.entry(name).or_default().push(path.clone());
        }
    }
    declared.retain(|_, paths| paths.len() > 1);
    declared
}

struct Types(Vec<String>);

impl Types {
    fn take(&mut self, ident: &Ident) {
        self.0.push(ident.to_string());
    }
}

impl<'ast> Visit<'ast> for Types {
    fn visit_item(&mut self, item: &'ast Item) {
        match item {
            Item::Struct(item) => self.take(&item.ident),
            Item::Enum(item) => self.take(&item.ident),
            Item::Trait(item) => self.take(&item.ident),
            Item::Union(item) => self.take(&item.ident),
            Item::Type(item) => self.take(&item.ident),
            _ => {}
        }
        visit::visit_item(self, item);
    }
}
