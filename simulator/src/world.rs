//! Everything the simulator remembers, behind one lock that is never held across a wait.

use crate::clock::Clock;
use crate::defender::machines::Machines;
use crate::defender::window::Windows;
use crate::entra::credentials::Credentials;
use crate::entra::tokens::Tokens;
use crate::{Arrival, Fault, Options, Switches, TokenFault};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What a key in PEM begins with, and each line of it that is no secret.
const KEY_BEGINS: &str = "-----BEGIN";
const KEY_MARK: &str = "-----";

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
    /// What nobody may tell: the tokens issued, and the proofs that came with requests for them.
    pub(crate) confided: BTreeSet<String>,
    /// Grows with each reset, so that a call from before it leaves no trace after.
    pub(crate) generation: u64,
}

impl World {
    /// Forgets everything, as if just started.
    pub(crate) fn reset(&mut self) {
        *self = Self { generation: self.generation + 1, ..Self::default() };
    }

    /// Remembers the proof in a request for a token.
    pub(crate) fn confide_proof(&mut self, form: &[u8]) {
        let fields = form_urlencoded::parse(form).into_owned();
        let proofs = fields.filter(|(name, _)| matches!(name.as_str(), "client_secret" | "client_assertion"));
        self.confided.extend(proofs.map(|(_, proof)| proof));
    }

    /// Everything that nobody may tell, the lines of a key one by one.
    pub(crate) fn confided(&self) -> Vec<String> {
        let is_key = |text: &&String| text.contains(KEY_BEGINS);
        let (keys, texts): (Vec<_>, Vec<_>) = self.secrets.values().partition(is_key);
        let lines = keys.into_iter().flat_map(|key| key.lines()).filter(|line| !line.starts_with(KEY_MARK));
        let told = self.confided.iter().chain(texts).map(String::as_str);
        told.chain(lines).map(str::to_owned).collect()
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
