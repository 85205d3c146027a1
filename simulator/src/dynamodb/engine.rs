//! The embedded `DynamoDB` engine: dynoxide on `SQLite`, served on 127.0.0.1.
//!
//! It runs in this process and enforces no throughput limits; what it keeps is `DynamoDB`'s answers, conditions
//! and transactions.

use super::direct::Direct;
use super::error::EngineError;
use super::http;
use super::table::create_table;
use crate::clock::Clock;
use axum::Router;
use dynoxide::Database;
use std::path::PathBuf;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use uuid::Uuid;

/// Where the items are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In memory, gone with the engine.
    Memory,
    /// In an `SQLite` file, made if absent.
    File(PathBuf),
}

/// A running engine; it stops when this is dropped.
pub struct Engine {
    url: String,
    database: Database,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Engine {
    /// Opens the storage and serves it in the background of the current runtime; port 0 takes any free one.
    pub async fn start(port: u16, storage: Storage) -> Result<Self, EngineError> {
        Self::serve(port, storage, None).await
    }

    /// The same, but its replies carry the `Date` of another clock than the system's.
    pub async fn start_dated(port: u16, storage: Storage, clock: Clock) -> Result<Self, EngineError> {
        Self::serve(port, storage, Some(clock)).await
    }

    async fn serve(port: u16, storage: Storage, clock: Option<Clock>) -> Result<Self, EngineError> {
        let database = open(storage)?;
        let listener = crate::server::listen(port).await?;
        let key = Uuid::new_v4().simple().to_string();
        let url = format!("http://{}/{key}", listener.local_addr()?);
        let router = http::router(Direct::of(database.clone()), &key, clock);
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(serve(listener, router, stopped));
        Ok(Self { url, database, stop: Some(stop), task })
    }

    /// The endpoint for `AWS_ENDPOINT_URL_DYNAMODB`, with the key of this run; any region and any credentials will do.
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
        drop(self.stop.take());
        let _ = (&mut self.task).await;
    }
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
async fn serve(listener: TcpListener, router: Router, stopped: oneshot::Receiver<()>) {
    let signal = async move {
        let _ = stopped.await;
    };
    let _ = axum::serve(listener, router).with_graceful_shutdown(signal).await;
}
