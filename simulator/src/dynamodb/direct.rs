//! The engine without HTTP: a request's JSON in, its answer's JSON out.

use super::error::EngineError;
use super::table::create_table;
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

/// A table that is reached without HTTP. Clones share it.
#[derive(Clone)]
pub struct Direct(Database);

impl Direct {
    /// The relay's table under this name, empty and in memory.
    pub fn new(table: &str) -> Result<Self, EngineError> {
        let database = Database::memory()?;
        create_table(&database, table)?;
        Ok(Self(database))
    }

    /// What this database holds.
    pub(super) const fn of(database: Database) -> Self {
        Self(database)
    }

    /// Answers an operation that reads or writes items, or looks at a table. Any other is refused.
    pub fn answer(&self, operation: &str, request: &str) -> DirectAnswer {
        let database = &self.0;
        let answered = match operation {
            "GetItem" => with(request, |request| database.get_item(request)),
            "PutItem" => with(request, |request| database.put_item(request)),
            "UpdateItem" => with(request, |request| database.update_item(request)),
            "DeleteItem" => with(request, |request| database.delete_item(request)),
            "Query" => with(request, |request| database.query(request)),
            "Scan" => with(request, |request| database.scan(request)),
            "BatchGetItem" => with(request, |request| database.batch_get_item(request)),
            "BatchWriteItem" => with(request, |request| database.batch_write_item(request)),
            "TransactGetItems" => with(request, |request| database.transact_get_items(request)),
            "TransactWriteItems" => with(request, |request| database.transact_write_items(request)),
            "DescribeTable" => with(request, |request| database.describe_table(request)),
            "DescribeTimeToLive" => with(request, |request| database.describe_time_to_live(request)),
            "ListTables" => with(request, |request| database.list_tables(request)),
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
