//! Reading a configuration in JSON field by field. Each value knows its place, and reading goes on after a fault.

use std::fmt::Display;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use super::faults::{ConfigError, Faults, Noted};

/// Characters of an unknown field's name that a message may show. A longer name may be a secret.
const SHOWN_NAME_MAX_CHARS: usize = 40;

/// The fields of an object in JSON.
pub type JsonFields = Map<String, Value>;

/// A value of a configuration, or the place where one is missing.
#[derive(Clone, Debug)]
pub struct ConfigValue<'a> {
    value: Option<&'a Value>,
    place: Place,
    faults: &'a Faults,
}

/// An object of a configuration.
#[derive(Clone, Debug)]
pub struct ConfigObject<'a> {
    fields: &'a JsonFields,
    place: Place,
    faults: &'a Faults,
}

/// Where a value is: the entry of a list that has a name, and the path in it.
#[derive(Clone, Debug, Default)]
struct Place {
    entry: String,
    path: String,
}

/// Reads a configuration's text, or names each of its faults.
pub fn read_config<T>(
    json: &str,
    read: impl FnOnce(&ConfigValue<'_>) -> Result<T, Noted>,
) -> Result<T, ConfigError> {
    let value: Value = serde_json::from_str(json).map_err(|error| {
        // The error of the syntax is one of a few fixed texts. None of them contains a text of the configuration.
        ConfigError::one("", format!("is not well-formed JSON: {error}"))
    })?;
    let faults = Faults::default();
    let read = read(&ConfigValue { value: Some(&value), place: Place::default(), faults: &faults });
    faults.unless(read.ok())
}

impl<'a> ConfigValue<'a> {
    /// Notes that something is wrong with this value.
    pub fn fault(&self, problem: impl Into<String>) -> Noted {
        self.faults.note(self.place.to_string(), problem)
    }

    /// Notes that something is wrong with a field of this value.
    pub fn fault_at(&self, name: &str, problem: impl Into<String>) -> Noted {
        self.faults.note(self.place.field(name).to_string(), problem)
    }

    /// Notes that another kind of value belongs here.
    pub fn wants(&self, what: &str) -> Noted {
        let missing = if self.value.is_some() { "" } else { "is missing: " };
        self.fault(format!("{missing}wants {what}"))
    }

    /// The value in JSON.
    pub const fn json(&self) -> Option<&'a Value> {
        self.value
    }

    /// The same value, as an entry that messages call by this name. The name must be safe to show.
    #[must_use]
    pub fn named(&self, name: Option<&str>) -> Self {
        let name = name.map(|name| format!(" \"{name}\"")).unwrap_or_default();
        let place = Place { entry: format!("{}{name}", self.place), path: String::new() };
        Self { place, ..self.clone() }
    }

    /// A text.
    pub fn text(&self, what: &str) -> Result<&'a str, Noted> {
        self.value.and_then(Value::as_str).ok_or_else(|| self.wants(what))
    }

    /// A text with a meaning. The parser's error must not hold the text.
    pub fn parse<T, E: Display>(
        &self,
        what: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Result<T, Noted> {
        parse(self.text(what)?).map_err(|error| self.fault(error.to_string()))
    }

    /// One of these texts.
    pub fn choice<T: Copy>(&self, choices: &[(&str, T)]) -> Result<T, Noted> {
        let text = self.value.and_then(Value::as_str);
        let found = choices.iter().find(|(name, _)| Some(*name) == text);
        found.map(|(_, choice)| *choice).ok_or_else(|| {
            let names: Vec<_> = choices.iter().map(|(name, _)| format!("`{name}`")).collect();
            self.wants(&either(&names))
        })
    }

    /// `true` or `false`.
    pub fn flag(&self) -> Result<bool, Noted> {
        self.value.and_then(Value::as_bool).ok_or_else(|| self.wants("`true` or `false`"))
    }

    /// A whole number.
    pub fn number(&self, range: RangeInclusive<u32>) -> Result<u32, Noted> {
        let number = self.value.and_then(Value::as_u64).and_then(|number| u32::try_from(number).ok());
        number.filter(|number| range.contains(number)).ok_or_else(|| match (range.start(), *range.end()) {
            (least, u32::MAX) => self.wants(&format!("a whole number, at least {least}")),
            (least, most) => self.wants(&format!("a whole number from {least} to {most}")),
        })
    }

    /// A list of so many things. Each of them is read, whatever is wrong with another.
    pub fn list<T>(
        &self,
        count: RangeInclusive<usize>,
        what: &str,
        mut read: impl FnMut(&Self) -> Result<T, Noted>,
    ) -> Result<Vec<T>, Noted> {
        let wants = || match (count.start(), *count.end()) {
            (least, usize::MAX) => self.wants(&format!("a list of {least} or more {what}")),
            (least, most) => self.wants(&format!("a list of {least} to {most} {what}")),
        };
        let values = self.value.and_then(Value::as_array).ok_or_else(wants)?;
        let counted = if count.contains(&values.len()) { Ok(()) } else { Err(wants()) };
        let entry = |(at, value)| {
            let place = Place { path: format!("{}[{at}]", self.place.path), ..self.place.clone() };
            Self { value: Some(value), place, faults: self.faults }
        };
        let read: Vec<_> = values.iter().enumerate().map(entry).map(|value| read(&value)).collect();
        counted?;
        read.into_iter().collect()
    }

    /// A map of so many texts. Its keys are texts of the configuration, so no place names them.
    pub fn map<T>(
        &self,
        count: RangeInclusive<usize>,
        read: impl Fn(&Self) -> Result<T, Noted>,
    ) -> Result<Vec<(String, T)>, Noted> {
        let fields = self.value.and_then(Value::as_object);
        let fields = fields.filter(|fields| count.contains(&fields.len())).ok_or_else(|| {
            self.wants(&format!("an object with {} to {} texts", count.start(), count.end()))
        })?;
        let place = Place { path: format!("{}[*]", self.place.path), ..self.place.clone() };
        let entry = |value| Self { value: Some(value), place: place.clone(), faults: self.faults };
        let read: Vec<_> =
            fields.iter().map(|(key, value)| Ok((key.clone(), read(&entry(value))?))).collect();
        read.into_iter().collect()
    }

    /// An object with no other fields than these.
    pub fn object(&self, known: &[&str], what: &str) -> Result<ConfigObject<'a>, Noted> {
        let fields = self.value.and_then(Value::as_object).ok_or_else(|| self.wants(what))?;
        let object = ConfigObject { fields, place: self.place.clone(), faults: self.faults };
        for name in fields.keys().filter(|name| !known.contains(&name.as_str())) {
            let problem = format!("is unknown; the known fields are: {}", known.join(", "));
            if may_be_shown(name) {
                object.fault_at(name, problem);
            } else {
                self.fault(format!("a field with an unusual name {problem}"));
            }
        }
        Ok(object)
    }
}

/// These names in a sentence.
fn either(names: &[String]) -> String {
    match names.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// Whether a field's unknown name looks like a field's name. No known name has a digit, and most keys have one.
fn may_be_shown(name: &str) -> bool {
    (1..=SHOWN_NAME_MAX_CHARS).contains(&name.len())
        && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
}

impl<'a> ConfigObject<'a> {
    /// The value of a field, there or missing.
    fn value(&self, name: &str) -> ConfigValue<'a> {
        ConfigValue { value: self.fields.get(name), place: self.place.field(name), faults: self.faults }
    }

    /// A field that has to be there.
    pub fn required<T>(
        &self,
        name: &str,
        read: impl FnOnce(&ConfigValue<'a>) -> Result<T, Noted>,
    ) -> Result<T, Noted> {
        read(&self.value(name))
    }

    /// A field that may be missing, or `null`.
    pub fn optional<T>(
        &self,
        name: &str,
        read: impl FnOnce(&ConfigValue<'a>) -> Result<T, Noted>,
    ) -> Result<Option<T>, Noted> {
        if self.has(name) { read(&self.value(name)).map(Some) } else { Ok(None) }
    }

    /// Whether a field is there, and not `null`.
    pub fn has(&self, name: &str) -> bool {
        self.fields.get(name).is_some_and(|value| !value.is_null())
    }

    /// The fields in JSON.
    pub const fn fields(&self) -> &'a JsonFields {
        self.fields
    }

    /// Other fields at the same place.
    pub fn with_fields<'b>(&'b self, fields: &'b JsonFields) -> ConfigObject<'b> {
        ConfigObject { fields, place: self.place.clone(), faults: self.faults }
    }

    /// Notes that something is wrong with the object.
    pub fn fault(&self, problem: impl Into<String>) -> Noted {
        self.faults.note(self.place.to_string(), problem)
    }

    /// Notes that something is wrong with a field.
    pub fn fault_at(&self, name: &str, problem: impl Into<String>) -> Noted {
        self.faults.note(self.place.field(name).to_string(), problem)
    }
}

impl Place {
    fn field(&self, name: &str) -> Self {
        let path = if self.path.is_empty() { name.to_owned() } else { format!("{}.{name}", self.path) };
        Self { path, ..self.clone() }
    }
}

impl Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let between = if self.entry.is_empty() || self.path.is_empty() { "" } else { ": " };
        write!(f, "{}{between}{}", self.entry, self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(json: &str, read: impl FnOnce(&ConfigValue<'_>) -> Result<(), Noted>) -> Vec<String> {
        let error = read_config(json, read).unwrap_err();
        error.faults().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn every_fault_is_noted_with_its_place() {
        let found = faults(r#"{"a": [1, "x", null], "c": {"n": 7}, "d": {"e": 1}}"#, |root| {
            let root = root.object(&["a", "b", "c", "d"], "an object")?;
            let a = root.required("a", |a| a.list(1..=2, "texts", |text| text.text("a text")));
            let b = root.required("b", |b| b.number(1..=5));
            let c = root.required("c", |c| c.object(&["n"], "an object"))?;
            let n = c.optional("n", |n| n.named(Some("x")).number(1..=5));
            root.required("d", |d| d.object(&[], "an object"))?;
            a.and(b).and(n.map(|_| ()))
        });
        insta::assert_snapshot!(found.join("\n"), @r#"
        a: wants a list of 1 to 2 texts
        a[0]: wants a text
        a[2]: wants a text
        b: is missing: wants a whole number from 1 to 5
        c.n "x": wants a whole number from 1 to 5
        d.e: is unknown; the known fields are: 
        "#);
    }

    #[test]
    fn an_unknown_field_is_told_only_if_it_looks_like_one() {
        let read = |root: &ConfigValue<'_>| root.object(&["known"], "an object").map(|_| ());
        assert_eq!(faults(r#"{"machine": 1}"#, read), ["machine: is unknown; the known fields are: known"]);
        for secret in ["Hush", "hush hush", "0123456789abcdef", "whsec_aHVzaA==", "", &"x".repeat(41)] {
            let json = serde_json::json!({ secret: 1 }).to_string();
            let unusual = "a field with an unusual name is unknown; the known fields are: known";
            assert_eq!(faults(&json, read), [unusual], "{secret}");
        }
    }
}
