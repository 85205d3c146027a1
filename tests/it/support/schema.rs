//! The published schema of the sources' configuration.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// A file of the repository.
pub fn repository(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

static SCHEMA: LazyLock<Validator> = LazyLock::new(|| {
    let schema: Value = serde_json::from_str(&repository("docs/sources.schema.json")).unwrap();
    jsonschema::draft202012::new(&schema).unwrap()
});

/// What the schema finds wrong with a configuration.
pub fn faults(configuration: &Value) -> Vec<String> {
    SCHEMA.iter_errors(configuration).map(|error| format!("{}: {error}", error.instance_path())).collect()
}
