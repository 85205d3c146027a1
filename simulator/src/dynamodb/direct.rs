//! The engine without HTTP: a request's JSON in, its answer's JSON out.

use super::engine::{EngineError, create_table};
use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// An answer as `DynamoDB` writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The body's JSON.
    pub body: String,
}

/// A table that is reached without HTTP.
pub struct Direct(Database);

impl Direct {
    /// The relay's table under this name, empty and in memory.
    pub fn new(table: &str) -> Result<Self, EngineError> {
        let database = Database::memory()?;
        create_table(&database, table)?;
        Ok(Self(database))
    }

    /// Answers the operations that a limiter needs; any other is refused.
    pub fn answer(&self, operation: &str, request: &str) -> DirectAnswer {
        let answered = match operation {
            "UpdateItem" => with(request, |request| self.0.update_item(request)),
            "PutItem" => with(request, |request| self.0.put_item(request)),
            "GetItem" => with(request, |request| self.0.get_item(request)),
            _ => Err(DynoxideError::ValidationException(format!("{operation} is not answered here"))),
        };
        match answered {
            Ok(body) => DirectAnswer { status: 200, body },
            Err(error) => DirectAnswer { status: error.status_code(), body: error.to_json() },
        }
    }
}

fn with<I: DeserializeOwned, O: Serialize>(
    request: &str,
    act: impl FnOnce(I) -> Result<O, DynoxideError>,
) -> Result<String, DynoxideError> {
    let unreadable = |error: serde_json::Error| DynoxideError::ValidationException(error.to_string());
    let answer = act(serde_json::from_str(request).map_err(unreadable)?)?;
    serde_json::to_string(&answer).map_err(unreadable)
}
