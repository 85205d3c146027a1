//! Everything the simulator remembers, behind one lock that is never held across a wait.

use super::machines::TaggedMachines;
use super::tokens::IssuedTokens;
use super::window::Windows;
use crate::{Arrival, Fault, Switches, TokenFault};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// What a key in PEM begins with, and each line of it that is no secret.
const KEY_BEGINS: &str = "-----BEGIN";
const KEY_MARK: &str = "-----";

/// The memory of Entra and Defender together.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub(crate) switches: Switches,
    pub(crate) faults: VecDeque<Fault>,
    pub(crate) token_faults: VecDeque<TokenFault>,
    pub(crate) arrivals: Vec<Arrival>,
    pub(crate) token_requests: usize,
    pub(crate) windows: Windows,
    pub(crate) machines: TaggedMachines,
    pub(crate) tokens: IssuedTokens,
    /// The texts that the double of Secrets Manager holds, by ARN.
    pub(crate) secrets: BTreeMap<String, String>,
    /// The audience and the seconds of each web identity asked for.
    pub(crate) identities_asked: Vec<(String, u64)>,
    /// What nobody may tell: the tokens issued, and the proofs that came with requests for them.
    pub(crate) confided: BTreeSet<String>,
    /// Grows with each reset, so that a call from before it leaves no trace after.
    pub(crate) generation: u64,
}

impl State {
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
