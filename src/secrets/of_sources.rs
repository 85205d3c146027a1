//! The secrets that sources have by reference: read at the start, again when one does not open, and again when they were
//! read long ago, so that a key that was taken out stops opening.
//!
//! Invariant: however many knock in vain, a source's secret is read at most once a minute. A source whose keys could
//! not be read has none, and no source takes a bearer key that is another's.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures_util::{StreamExt, stream};
use tokio::sync::Mutex;

use super::{NoSecret, fetch};
use crate::aws::SecretsManager;
use crate::domain::{SourceName, Timestamp};
use crate::inbound::{Keys, Source, Sources};

/// Milliseconds between two readings of a source's keys, whoever knocks in vain meanwhile.
const RENEWED_EVERY_MS: i64 = 60_000;
/// Milliseconds for which keys are believed without being read again.
const BELIEVED_MS: i64 = 300_000;
/// Sources whose keys are read at once.
const READ_AT_ONCE: usize = 8;

/// The secrets that sources have by reference. Cheap to clone.
#[derive(Clone, Debug)]
pub struct SourceSecrets(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    manager: SecretsManager,
    sources: Sources,
    /// What is known of each source's keys.
    known: BTreeMap<SourceName, Mutex<Known>>,
}

#[derive(Debug, Default)]
struct Known {
    /// When they were last read.
    read_at: Timestamp,
    /// When they were last asked for again, and what came of it.
    renewal: Option<Renewal>,
}

#[derive(Debug)]
struct Renewal {
    at: Timestamp,
    result: Result<(), NoSecret>,
}

impl SourceSecrets {
    /// The secrets of these sources.
    pub fn new(sources: &Sources, manager: SecretsManager) -> Self {
        let by_reference = sources.iter().filter(|source| source.keyring.arn().is_some());
        let known = by_reference.map(|source| (source.name.clone(), Mutex::default())).collect();
        Self(Arc::new(Inner { manager, sources: sources.clone(), known }))
    }

    /// Reads the keys of every source that has them by reference, for the start. A source whose keys cannot be had or
    /// used stays without; the start goes on as long as another one has keys, and none shares a bearer key.
    pub async fn read_all(&self, now: Timestamp) -> Result<(), Vec<String>> {
        for known in self.0.known.values() {
            known.lock().await.read_at = now;
        }
        let sources = &self.0.sources;
        let reads = stream::iter(sources.iter()).map(|source| self.read(source)).buffered(READ_AT_ONCE);
        let reads: Vec<_> = reads.collect().await;
        let mut without = Vec::new();
        for (source, read) in sources.iter().zip(reads) {
            match read {
                Ok(Some(keys)) => source.keyring.replace(keys),
                Ok(None) => {}
                Err(error) => without.push((source, error)),
            }
        }
        let shared = sources.shared_keys();
        if shared.is_empty() && without.len() < sources.iter().count() {
            for (source, error) in &without {
                tell_without(source, error);
            }
            return Ok(());
        }
        let without = without.iter().map(|(source, error)| format!("source `{}`: {error}", source.name));
        Err(shared.into_iter().chain(without).collect())
    }

    /// Reads a source's keys again if they were read long ago. Where they cannot be had, the old ones stay.
    pub async fn keep_fresh(&self, source: &Source, now: Timestamp) {
        let Some(known) = self.0.known.get(&source.name) else { return };
        let old = now.ms_since(known.lock().await.read_at) >= BELIEVED_MS;
        if old && self.renew(source, now).await.is_err() {
            tracing::warn!(source = %source.name, "its keys are older than they should be");
        }
    }

    /// Reads a source's keys again, at most once a minute. Whoever comes while they are read waits for them.
    /// An error where they could not be had: then nobody knows whether a key is wrong.
    pub async fn renew(&self, source: &Source, now: Timestamp) -> Result<(), NoSecret> {
        let Some(known) = self.0.known.get(&source.name) else { return Ok(()) };
        let mut known = known.lock().await;
        if let Some(last) = known.renewal.as_ref().filter(|last| now.ms_since(last.at) < RENEWED_EVERY_MS) {
            return last.result.clone();
        }
        let result = self.take_again(source).await;
        match &result {
            Ok(()) => known.read_at = now,
            Err(error) => {
                tracing::error!(source = %source.name, %error, "a source's keys could not be read again");
            }
        }
        known.renewal = Some(Renewal { at: now, result: result.clone() });
        result
    }

    async fn take_again(&self, source: &Source) -> Result<(), NoSecret> {
        let Some(keys) = self.read(source).await? else { return Ok(()) };
        if self.0.sources.are_anothers(&keys, source) {
            return Err(unusable(source, "one of its bearer keys is another source's".into()));
        }
        source.keyring.replace(keys);
        Ok(())
    }

    async fn read(&self, source: &Source) -> Result<Option<Keys>, NoSecret> {
        let Some(arn) = source.keyring.arn() else { return Ok(None) };
        let text = fetch(&self.0.manager, arn).await?;
        source.keys_in(&text).map(Some).map_err(|why| unusable(source, why))
    }
}

fn unusable(source: &Source, why: String) -> NoSecret {
    let name = source.keyring.arn().map(ToString::to_string).unwrap_or_default();
    NoSecret { name, why }
}

fn tell_without(source: &Source, error: &NoSecret) {
    tracing::error!(source = %source.name, %error, SecretsFailures = 1, "a source has no keys: what it sends is answered 503");
}
