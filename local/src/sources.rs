//! The sources of the local run, one for each kind of sender: `events/sources.json`, with secrets made here.
//!
//! Invariant: the secrets are made when they are first needed and open nothing but the local run.

use std::io;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::files;

const SOURCES: &str = include_str!("../../events/sources.json");

/// The sources' configuration with new secrets.
pub fn fresh() -> Value {
    let mut configuration: Value = serde_json::from_str(SOURCES).unwrap_or_default();
    for source in configuration["sources"].as_array_mut().into_iter().flatten() {
        let verify = &mut source["verify"];
        // The secrets in the file are published. The source with a weak secret opens nothing but the simulator, so it keeps its own.
        if verify["weak_secret"] != true {
            verify["secrets"] = json!([secret(verify["scheme"].as_str().unwrap_or_default())]);
        }
    }
    configuration
}

/// The sources' configuration that this file keeps. It is made anew if the file is missing or describes other sources.
pub fn kept(path: &Path) -> io::Result<Value> {
    let new = fresh();
    let old = std::fs::read_to_string(path).ok().and_then(|text| serde_json::from_str::<Value>(&text).ok());
    if let Some(old) = old.filter(|old| without_secrets(old) == without_secrets(&new)) {
        files::hide(path)?;
        return Ok(old);
    }
    files::write(path, &format!("{new:#}\n"))?;
    Ok(new)
}

/// Reads the sources' configuration from this file. If the file does not exist, the secrets are new. Writes nothing.
pub fn read(path: &Path) -> io::Result<Value> {
    match std::fs::read_to_string(path) {
        Ok(text) => serde_json::from_str(&text).map_err(io::Error::other),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(fresh()),
        Err(error) => Err(error),
    }
}

/// The source of this name.
pub fn find<'a>(configuration: &'a Value, name: &str) -> Option<&'a Value> {
    configuration["sources"].as_array()?.iter().find(|source| source["name"] == name)
}

/// The names of all sources.
pub fn names(configuration: &Value) -> Vec<&str> {
    let sources = configuration["sources"].as_array().into_iter().flatten();
    sources.filter_map(|source| source["name"].as_str()).collect()
}

fn secret(scheme: &str) -> String {
    let random = [*Uuid::new_v4().as_bytes(), *Uuid::new_v4().as_bytes()].concat();
    match scheme {
        "standard_webhooks" => format!("whsec_{}", STANDARD.encode(random)),
        "basic" => format!("relay:{}", hex::encode(random)),
        _ => hex::encode(random),
    }
}

fn without_secrets(configuration: &Value) -> Value {
    let mut configuration = configuration.clone();
    for source in configuration["sources"].as_array_mut().into_iter().flatten() {
        source["verify"]["secrets"] = Value::Null;
    }
    configuration
}
