//! The keys of one source. A keyring whose keys are in Secrets Manager reads them again when one does not open, and
//! when they were read long ago, so that a key that was taken out stops opening.
//!
//! Invariant: however many requests fail verification, the secret is read at most once a minute. A source whose keys
//! could not be read has none.

use std::sync::{PoisonError, RwLock};

use tokio::sync::Mutex;

use crate::aws::{NoSecret, SecretsManager, fetch_secret};
use crate::domain::{SecretArn, SourceName, Timestamp};
use crate::inbound::verify::{Authenticity, Keys, NotVerified, Scheme, Unverified, WeakSecret, read_secrets};

/// Milliseconds between two readings of a source's keys, however many requests fail meanwhile.
const RENEWED_EVERY_MS: i64 = 60_000;
/// Milliseconds for which keys are believed without being read again.
const BELIEVED_MS: i64 = 300_000;

/// What a source proves itself with: its scheme, its keys, and where they come from.
#[derive(Debug)]
pub struct Keyring {
    source: SourceName,
    scheme: Scheme,
    /// Where the keys are; none if they stand in the configuration.
    at: Option<KeyRef>,
    /// None until the keys are read for the first time.
    live: RwLock<Option<Keys>>,
    readings: Mutex<Readings>,
}

/// A secret that holds keys, and whether they may be weak.
#[derive(Debug)]
pub(super) struct KeyRef {
    pub(super) arn: SecretArn,
    pub(super) weak: WeakSecret,
}

#[derive(Debug, Default)]
struct Readings {
    /// When the keys were last read.
    read_at: Timestamp,
    /// The last attempt to read them again.
    renewal: Option<Renewal>,
}

#[derive(Debug)]
struct Renewal {
    at: Timestamp,
    result: Result<(), NoSecret>,
}

impl Keyring {
    /// Keys that stand in the configuration.
    pub(super) fn inline(source: SourceName, scheme: Scheme, keys: Keys) -> Self {
        Self { source, scheme, at: None, live: RwLock::new(Some(keys)), readings: Mutex::default() }
    }

    /// Keys that are in Secrets Manager.
    pub(super) fn by_reference(source: SourceName, scheme: Scheme, at: KeyRef) -> Self {
        Self { source, scheme, at: Some(at), live: RwLock::new(None), readings: Mutex::default() }
    }

    /// Whether the keys are in Secrets Manager, where they may change.
    pub const fn is_by_reference(&self) -> bool {
        self.at.is_some()
    }

    /// How the source proves who it is.
    pub(in crate::inbound) const fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The keys as they are now; none while they could not be read.
    pub(in crate::inbound) fn live(&self) -> Option<Keys> {
        self.live.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Looks for the source's proof in what arrived.
    pub(in crate::inbound) fn prove(
        &self,
        unverified: &Unverified,
        now: Timestamp,
    ) -> Result<Authenticity, NotVerified> {
        let keys = self.live().ok_or(NotVerified::NoKeys)?;
        self.scheme.prove(unverified, &keys, now)
    }

    /// Takes other keys.
    pub(in crate::inbound) fn replace(&self, keys: Keys) {
        *self.live.write().unwrap_or_else(PoisonError::into_inner) = Some(keys);
    }

    /// Reads the keys for the start.
    pub(super) async fn read_first(&self, manager: &SecretsManager, now: Timestamp) -> Result<(), NoSecret> {
        let Some(at) = &self.at else { return Ok(()) };
        self.readings.lock().await.read_at = now;
        self.replace(self.fetch(at, manager).await?);
        Ok(())
    }

    /// Reads the keys again if they were read long ago. Where they cannot be read, the old ones stay.
    pub(super) async fn keep_fresh(
        &self,
        manager: &SecretsManager,
        now: Timestamp,
        belong_to_another: impl Fn(&Keys) -> bool,
    ) {
        if self.at.is_none() {
            return;
        }
        let is_old = now.ms_since(self.readings.lock().await.read_at) >= BELIEVED_MS;
        if is_old && self.renew(manager, now, belong_to_another).await.is_err() {
            tracing::warn!(source = %self.source, "its keys are older than they should be");
        }
    }

    /// Reads the keys again, at most once a minute. A caller that comes while they are read waits for them.
    /// An error means that they could not be read, so a request that failed may have the right key.
    pub(super) async fn renew(
        &self,
        manager: &SecretsManager,
        now: Timestamp,
        belong_to_another: impl Fn(&Keys) -> bool,
    ) -> Result<(), NoSecret> {
        let Some(at) = &self.at else { return Ok(()) };
        let mut readings = self.readings.lock().await;
        if let Some(last) = readings.renewal.as_ref().filter(|last| now.ms_since(last.at) < RENEWED_EVERY_MS)
        {
            return last.result.clone();
        }
        let result = match self.fetch(at, manager).await {
            Ok(keys) if belong_to_another(&keys) => {
                Err(NoSecret::of(&at.arn, "one of its bearer keys is another source's"))
            }
            fetched => fetched.map(|keys| self.replace(keys)),
        };
        match &result {
            Ok(()) => readings.read_at = now,
            Err(error) => {
                tracing::error!(source = %self.source, %error, "a source's keys could not be read again");
            }
        }
        readings.renewal = Some(Renewal { at: now, result: result.clone() });
        result
    }

    async fn fetch(&self, at: &KeyRef, manager: &SecretsManager) -> Result<Keys, NoSecret> {
        let text = fetch_secret(manager, &at.arn).await?;
        let keys = read_secrets(&text).and_then(|secrets| self.scheme.keys(&secrets, at.weak));
        keys.map_err(|error| NoSecret::of(&at.arn, error.to_string()))
    }
}
