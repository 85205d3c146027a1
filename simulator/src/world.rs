//! Everything the simulator remembers, behind one lock that is never held across a wait.

use crate::clock::Clock;
use crate::defender::machines::Machines;
use crate::defender::window::Windows;
use crate::entra::credentials::Credentials;
use crate::entra::tokens::Tokens;
use crate::{Arrival, Fault, Options, Switches, TokenFault};
use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The memory of Entra and Defender together.
#[derive(Debug, Default)]
pub(crate) struct World {
    pub(crate) switches: Switches,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) token_faults: VecDeque<TokenFault>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) token_requests: usize,
    pub(crate) windows: Windows,
    pub(crate) machines: Machines,
    pub(crate) tokens: Tokens,
    /// The texts that the double of Secrets Manager holds, by ARN.
    pub(crate) secrets: BTreeMap<String, String>,
    /// The audience and the seconds of each web identity asked for.
    pub(crate) identities_asked: Vec<(String, u64)>,
    /// Grows with each reset, so that a call from before it leaves no trace after.
    pub(crate) generation: u64,
}

impl World {
    /// Forgets everything, as if just started.
    pub(crate) fn reset(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }
}

/// The one application registered in the one tenant.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) tenant_id: String,
    pub(crate) client_id: String,
    pub(crate) client_secret: String,
}

/// What every handler shares.
pub(crate) struct Site {
    pub(crate) app: App,
    clock: Clock,
    credentials: Mutex<Credentials>,
    world: Mutex<World>,
}

pub(crate) type SharedSite = Arc<Site>;

impl Site {
    pub(crate) fn new(options: Options) -> SharedSite {
        let app = App {
            tenant_id: options.tenant_id,
            client_id: options.client_id,
            client_secret: options.client_secret,
        };
        Arc::new(Self { app, clock: options.clock, credentials: Mutex::default(), world: Mutex::default() })
    }

    pub(crate) fn now_ms(&self) -> u64 {
        (self.clock)()
    }

    pub(crate) fn credentials(&self) -> MutexGuard<'_, Credentials> {
        self.credentials.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
