//! The embedded `DynamoDB` engine: dynoxide on `SQLite`, served on 127.0.0.1.
//!
//! It runs in this process and enforces no throughput limits; what it keeps is `DynamoDB`'s answers, conditions
//! and transactions.

use super::proxy;
use crate::clock::Clock;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use dynoxide::types::{
    AttributeDefinition, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection, ProjectionType,
    ScalarAttributeType,
};
use dynoxide::{Database, DynoxideError, server};
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::{JoinHandle, JoinSet};

/// Where the items are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory, gone with the engine.
    Memory,
    /// In an `SQLite` file, made if absent.
    File(PathBuf),
}

/// Why the engine could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The port is taken, or may not be used.
    #[error("cannot listen: {0}")]
    Listen(#[from] std::io::Error),
    /// `SQLite` takes its path as UTF-8.
    #[error("the path is not UTF-8: {0}")]
    Path(PathBuf),
    /// The engine itself refused.
    #[error(transparent)]
    Database(#[from] DynoxideError),
}

/// A running engine; it stops when this is dropped.
pub struct Engine {
    url: String,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
    proxy: JoinSet<()>,
}

impl Engine {
    /// Opens the storage and serves it in the background of the current runtime; port 0 takes any free one.
    pub async fn start(port: u16, storage: Storage) -> Result<Self, EngineError> {
        let database = open(storage)?;
        let listener = crate::server::listen(port).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, database.clone(), stopped));
        Ok(Self { url, database, stop: Some(stop), task, proxy: JoinSet::new() })
    }

    /// The same, but its replies carry the `Date` of another clock than the system's.
    pub async fn start_dated(port: u16, storage: Storage, clock: Clock) -> Result<Self, EngineError> {
        let mut engine = Self::start(0, storage).await?;
        (engine.url, engine.proxy) = proxy::open(port, &engine.url, clock).await?;
        Ok(engine)
    }

    /// The endpoint for `AWS_ENDPOINT_URL_DYNAMODB`; any region and any credentials will do.
    pub fn url(&self) -> String {
        self.url.clone()
    }

    /// The engine without HTTP, to look at what is stored.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// Makes the relay's table, unless there is a table of that name.
    pub fn create_table(&self, name: &str) -> Result<(), EngineError> {
        create_table(&self.database, name)
    }

    /// Lets the requests in hand finish and returns when the server has ended.
    pub async fn stop(mut self) {
        self.proxy.shutdown().await;
        drop(self.stop.take());
        let _ = (&mut self.task).await;
    }
}

pub(super) fn create_table(database: &Database, name: &str) -> Result<(), EngineError> {
    match database.create_table(table(name)) {
        Ok(_) => {}
        Err(DynoxideError::ResourceInUseException(_)) => return Ok(()),
        Err(error) => return Err(error.into()),
    }
    let time_to_live_specification =
        TimeToLiveSpecification { attribute_name: "expiresAt".to_owned(), enabled: true };
    let request = UpdateTimeToLiveRequest { table_name: name.to_owned(), time_to_live_specification };
    database.update_time_to_live(request)?;
    Ok(())
}

fn open(storage: Storage) -> Result<Database, EngineError> {
    match storage {
        Storage::Memory => Ok(Database::memory()?),
        Storage::File(path) => {
            let text = path.to_str().ok_or_else(|| EngineError::Path(path.clone()))?;
            Ok(Database::new(text)?)
        }
    }
}

/// Dropping the sender is the signal, so an engine that is merely dropped stops as well.
async fn serve(listener: TcpListener, database: Database, stopped: oneshot::Receiver<()>) {
    let signal = async move {
        let _ = stopped.await;
    };
    let _ = server::serve_with_shutdown(listener, database, signal).await;
}

fn table(name: &str) -> CreateTableRequest {
    CreateTableRequest {
        table_name: name.to_owned(),
        key_schema: keys("sk"),
        attribute_definitions: vec![
            attribute("pk", ScalarAttributeType::S),
            attribute("sk", ScalarAttributeType::S),
            attribute("queued", ScalarAttributeType::N),
        ],
        local_secondary_indexes: Some(vec![LocalSecondaryIndex {
            index_name: "backlog".to_owned(),
            key_schema: keys("queued"),
            projection: Projection {
                projection_type: Some(ProjectionType::KEYS_ONLY),
                ..Projection::default()
            },
        }]),
        billing_mode: Some("PAY_PER_REQUEST".to_owned()),
        ..CreateTableRequest::default()
    }
}

fn keys(range: &str) -> Vec<KeySchemaElement> {
    let key = |name: &str, key_type| KeySchemaElement { attribute_name: name.to_owned(), key_type };
    vec![key("pk", KeyType::HASH), key(range, KeyType::RANGE)]
}

fn attribute(name: &str, attribute_type: ScalarAttributeType) -> AttributeDefinition {
    AttributeDefinition { attribute_name: name.to_owned(), attribute_type }
}
