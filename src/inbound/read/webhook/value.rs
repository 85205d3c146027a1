//! A tag or an action: fixed by the configuration, or found in the body.

use std::collections::BTreeMap;

use serde_json::Value;

use super::path::Path;
use crate::config::{ConfigValue, Noted};
use crate::inbound::read::unreadable::Unreadable;

/// Texts a map may have.
const MAP_MAX: usize = 200;
/// Characters that a message shows of a text that a map does not have.
const SHOWN_TEXT_MAX_CHARS: usize = 60;
/// Texts of a map that a message shows.
const SHOWN_KEYS_MAX: usize = 10;

/// A tag or an action: fixed by the configuration, or found in the body.
#[derive(Debug)]
pub(super) enum ValueSource<T> {
    /// This one.
    Fixed(T),
    /// The value of the first of these paths that finds any.
    Found { from: Vec<Path>, map: Option<BTreeMap<String, T>>, parse: fn(&str) -> Result<T, String> },
}

impl<T: Clone> ValueSource<T> {
    /// Reads a fixed text, or where the text is found.
    pub(super) fn parse(
        value: &ConfigValue<'_>,
        what: &str,
        parse: fn(&str) -> Result<T, String>,
    ) -> Result<Self, Noted> {
        let wants = format!(r#"{what}, or {{"from": ["PATH"]}}, with a "map" if its texts mean others"#);
        if value.json().is_none_or(|json| !json.is_object()) {
            return value.parse(&wants, parse).map(Self::Fixed);
        }
        let found = value.object(&["from", "map"], &wants)?;
        let from = found.required("from", Path::parse_candidates);
        let map = found.optional("map", |map| map.map(1..=MAP_MAX, |text| text.parse(what, parse)));
        let map = map.map(|map| map.map(BTreeMap::from_iter));
        Ok(Self::Found { from: from?, map: map?, parse })
    }

    /// Every value that is known before any body is read.
    pub(super) fn known(&self) -> Vec<&T> {
        match self {
            Self::Fixed(value) => vec![value],
            Self::Found { map, .. } => map.iter().flat_map(BTreeMap::values).collect(),
        }
    }

    /// The place in an item that has the value, unless the configuration says the value.
    pub(super) fn place(&self, item: &Value) -> Option<&str> {
        let Self::Found { from, .. } = self else { return None };
        first_texts(from, item).map(|(path, _)| path.as_str())
    }

    /// The values in an item.
    pub(super) fn values(&self, item: &Value, what: &str) -> Result<Vec<T>, Unreadable> {
        let (from, map, parse) = match self {
            Self::Fixed(value) => return Ok(vec![value.clone()]),
            Self::Found { from, map, parse } => (from, map, parse),
        };
        let Some((path, texts)) = first_texts(from, item) else {
            return Err(missing(from, what));
        };
        let wrong = |problem: String| Unreadable::Invalid { field: path.as_str().into(), problem };
        let value = |text: &str| match map {
            None => parse(text).map_err(wrong),
            Some(map) => map.get(text).cloned().ok_or_else(|| wrong(not_in_the_map(text, map, what))),
        };
        texts.into_iter().map(value).collect()
    }
}

/// What is wrong with a text that a map does not have.
fn not_in_the_map<T>(text: &str, map: &BTreeMap<String, T>, what: &str) -> String {
    let text: String = text.chars().take(SHOWN_TEXT_MAX_CHARS).collect();
    let known: Vec<_> = map.keys().take(SHOWN_KEYS_MAX).map(String::as_str).collect();
    let more = if map.len() > known.len() { ", …" } else { "" };
    format!("`{text}` is not in the {what}'s `map` ({}{more})", known.join(", "))
}

/// The texts of the first path that finds any.
pub(super) fn first_texts<'a, 'p>(paths: &'p [Path], item: &'a Value) -> Option<(&'p Path, Vec<&'a str>)> {
    paths.iter().find_map(|path| {
        let found = path.find(item).into_iter().flat_map(|value| match value {
            Value::Array(values) => values.iter().collect(),
            one => vec![one],
        });
        let texts: Vec<_> = found.filter_map(Value::as_str).filter(|text| !text.is_empty()).collect();
        (!texts.is_empty()).then_some((path, texts))
    })
}

fn missing(from: &[Path], what: &str) -> Unreadable {
    let looked: Vec<_> = from.iter().map(Path::as_str).collect();
    let field = from.first().map_or(what, Path::as_str).to_owned();
    Unreadable::Invalid { field, problem: format!("no {what}; looked at {}", looked.join(", ")) }
}
