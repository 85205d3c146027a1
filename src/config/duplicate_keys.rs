//! Duplicate keys in a configuration's JSON: a reader of JSON would take one of the two and drop the other.

use std::collections::HashSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// The problem where a field is there twice. It does not name the field, because its name may be a secret.
const TWICE: &str = "a field is there twice in one object";

/// Where a field is there twice in its object, if one is. Text that is not JSON is refused by its reader.
pub fn duplicate_key(json: &str) -> Option<String> {
    let mut reader = serde_json::Deserializer::from_str(json);
    let error = Once.deserialize(&mut reader).err().filter(serde_json::Error::is_data)?;
    Some(format!("{TWICE}, at line {}, column {}", error.line(), error.column()))
}

/// A value in which no field is there twice.
#[derive(Clone, Copy)]
struct Once;

impl<'de> DeserializeSeed<'de> for Once {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Once {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let mut seen = HashSet::new();
        while let Some(name) = fields.next_key::<String>()? {
            if !seen.insert(name) {
                return Err(A::Error::custom(TWICE));
            }
            fields.next_value_seed(self)?;
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<(), A::Error> {
        while values.next_element_seed(self)?.is_some() {}
        Ok(())
    }

    fn visit_bool<E: Error>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E: Error>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E: Error>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E: Error>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_that_stands_twice_in_one_object_is_found_and_not_told() {
        let found = duplicate_key("{\"a\": [{\"hush\": 1,\n \"b\": {}, \"hush\": 2}]}");
        assert_eq!(found.as_deref(), Some("a field is there twice in one object, at line 2, column 16"));
        for good in
            ["{\"a\": {\"b\": 1.5}, \"b\": [{\"a\": -1}, {\"a\": null}, true, \"x\"]}", "{\"a\": 1, \"a", ""]
        {
            assert_eq!(duplicate_key(good), None, "{good}");
        }
    }
}
