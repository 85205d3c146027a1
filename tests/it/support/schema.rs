//! The published schemas of the sources' and of the tenants' configuration.

use std::path::Path;
use std::sync::LazyLock;

use jsonschema::Validator;
use serde_json::Value;

/// A file of the repository.
pub fn repository(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap()
}

fn schema(path: &str) -> Validator {
    jsonschema::draft202012::new(&serde_json::from_str(&repository(path)).unwrap()).unwrap()
}

static SOURCES: LazyLock<Validator> = LazyLock::new(|| schema("docs/sources.schema.json"));
static TENANTS: LazyLock<Validator> = LazyLock::new(|| schema("docs/tenants.schema.json"));

fn found(schema: &Validator, configuration: &Value) -> Vec<String> {
    schema.iter_errors(configuration).map(|error| format!("{}: {error}", error.instance_path())).collect()
}

/// The faults that the schema finds in a sources' configuration.
pub fn faults(configuration: &Value) -> Vec<String> {
    found(&SOURCES, configuration)
}

/// The faults that the schema finds in a tenants' configuration.
pub fn faults_of_tenants(configuration: &Value) -> Vec<String> {
    found(&TENANTS, configuration)
}
