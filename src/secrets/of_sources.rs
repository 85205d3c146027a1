//! The secrets that sources have by reference: read at the start, and again when one does not open.
//!
//! Invariant: however many knock in vain, a source's secret is read at most once a minute.

use std::collections::BTreeMap;
use std::sync::Arc;

use aws_sdk_secretsmanager::Client;
use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;

use super::{NoSecret, fetch};
use crate::domain::{SourceName, Timestamp};
use crate::inbound::{Source, Sources};

/// Milliseconds between two readings of a source's keys, whoever knocks in vain meanwhile.
const RENEWED_EVERY_MS: i64 = 60_000;
/// Sources whose keys are read at once.
const READ_AT_ONCE: usize = 8;

/// The secrets that sources have by reference. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SourceSecrets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    manager: Client,
    /// When each source's keys were last read again, and what came of it.
    renewals: BTreeMap<SourceName, Mutex<Option<Renewal>>>,
}

#[derive(Debug)]
struct Renewal {
    at: Timestamp,
    result: Result<(), NoSecret>,
}

impl SourceSecrets {
    /// The secrets of these sources.
    pub fn new(sources: &Sources, manager: Client) -> Self {
        let by_reference = sources.iter().filter(|source| source.keyring.arn().is_some());
        let renewals = by_reference.map(|source| (source.name.clone(), Mutex::default())).collect();
        Self(Arc::new(Inner { manager, renewals }))
    }

    /// Reads the keys of every source that has them by reference, for the start: one message for each that
    /// cannot be had or used.
    pub async fn read_all(&self, sources: &Sources) -> Result<(), Vec<String>> {
        let reads = stream::iter(sources.iter()).map(|source| self.read(source)).buffered(READ_AT_ONCE);
        let reads: Vec<_> = reads.collect().await;
        let failed = sources.iter().zip(reads).filter_map(|(source, read)| Some((source, read.err()?)));
        let failed: Vec<_> =
            failed.map(|(source, error)| format!("source `{}`: {error}", source.name)).collect();
        if failed.is_empty() { Ok(()) } else { Err(failed) }
    }

    /// Reads a source's keys again, at most once a minute. Whoever comes while they are read waits for them.
    /// An error where they could not be had: then nobody knows whether a key is wrong.
    pub async fn renew(&self, source: &Source, now: Timestamp) -> Result<(), NoSecret> {
        let Some(renewal) = self.0.renewals.get(&source.name) else { return Ok(()) };
        let mut last = renewal.lock().await;
        if let Some(last) = last.as_ref().filter(|last| now.ms_since(last.at) < RENEWED_EVERY_MS) {
            return last.result.clone();
        }
        let result = self.read(source).await;
        if let Err(error) = &result {
            tracing::error!(source = %source.name, %error, "a source's keys could not be read again");
        }
        *last = Some(Renewal { at: now, result: result.clone() });
        result
    }

    async fn read(&self, source: &Source) -> Result<(), NoSecret> {
        let Some(arn) = source.keyring.arn() else { return Ok(()) };
        let text = fetch(&self.0.manager, arn).await?;
        source.take_keys(&text).map_err(|why| NoSecret { name: arn.to_owned(), why })
    }
}
