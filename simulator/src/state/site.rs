//! What every handler shares: the registered app, the clock, its credentials and the memory.

use super::credentials::Credentials;
use super::memory::State;
use crate::clock::Clock;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The one application registered in the one tenant.
#[derive(Debug)]
pub(crate) struct RegisteredApp {
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// What every handler shares.
pub(crate) struct Site {
    pub(crate) app: RegisteredApp,
    clock: Clock,
    credentials: Mutex<Credentials>,
    state: Mutex<State>,
}

pub(crate) type SharedSite = Arc<Site>;

impl Site {
    pub(crate) fn new(app: RegisteredApp, clock: Clock) -> SharedSite {
        Arc::new(Self { app, clock, credentials: Mutex::default(), state: Mutex::default() })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    pub(crate) fn credentials(&self) -> MutexGuard<'_, Credentials> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
