//! What the engine could not do.

use dynoxide::DynoxideError;
use std::path::PathBuf;

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
