//! Reads `template.yaml`.

use std::collections::BTreeSet;

use serde_json::Value;

/// The template. The short forms of functions are replaced by their arguments.
pub fn template() -> Value {
    serde_saphyr::from_str(&std::fs::read_to_string("template.yaml").unwrap()).unwrap()
}

/// The resources of a type: names and properties.
pub fn resources(template: &Value, kind: &str) -> Vec<(String, Value)> {
    let resources = template["Resources"].as_object().unwrap().iter();
    let of_kind = resources.filter(|(_, resource)| resource["Type"] == kind);
    of_kind.map(|(name, resource)| (name.clone(), resource["Properties"].clone())).collect()
}

/// The names of an object's members.
pub fn names(object: &Value) -> BTreeSet<&str> {
    object.as_object().unwrap().keys().map(String::as_str).collect()
}
