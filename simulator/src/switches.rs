//! The lasting settings. The defaults are what Microsoft documents, or what the field reports where it does not.

use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How the simulator answers until it is told otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent switch, not a state machine")]
pub struct Switches {
    /// Calls let through in any 60 seconds. Microsoft documents 100.
    pub calls_per_minute: usize,
    /// Calls let through in any 3,600 seconds. Microsoft documents 1,500.
    pub calls_per_hour: usize,
    /// Machines accepted in one call. Microsoft documents 500.
    pub machines_per_call: usize,
    /// Whether a window slides or starts anew at each full minute or hour. Undocumented.
    pub window: WindowKind,
    /// Whether a call refused with 429 uses up the limits as well. Undocumented.
    pub refused_calls_count: bool,
    /// 429 comes without `Retry-After`, as the field reports it sometimes does.
    pub retry_after_missing: bool,

    /// Machines Defender does not know, besides those of `unknown_prefix`.
    pub unknown: BTreeSet<String>,
    /// A machine id that starts with this is unknown; every other id of 40 lower-case hex digits exists.
    pub unknown_prefix: Option<String>,
    /// Which of the unknown ids the answer names. Undocumented.
    pub unknown_listed: UnknownListed,
    /// Status of that answer: 400 by the field's reports, or 404. Undocumented.
    pub unknown_status: u16,
    /// `error.code` of that answer. Undocumented.
    pub unknown_code: String,
    /// Machines whose presence makes a call answer 400 `OsPlatformNotSupported`, naming no id.
    pub refused_machines: BTreeSet<String>,
    /// Machines whose presence makes a call answer 500.
    pub broken_machines: BTreeSet<String>,

    /// Which machines a 200 lists. Undocumented.
    pub listed: Listed,
    /// Machines that are tagged but left out of every 200.
    pub unlisted: BTreeSet<String>,
    /// Whether a call that names a machine twice is refused. Undocumented.
    pub duplicates_refused: bool,
    /// Whether `vip` and `VIP` are two tags. Undocumented.
    pub tag_case_matters: bool,

    /// Seconds a token lives. Entra documents 60 to 90 minutes.
    pub token_life_s: u64,
    /// `expires_in` is written as text, as some Entra answers do.
    pub token_expires_in_as_string: bool,
    /// Roles of the tokens issued from now on; without `Machine.ReadWrite.All` each call answers 403.
    pub roles: Vec<String>,

    /// What AWS's double answers when it is asked for a web identity.
    pub web_identity: WebIdentity,

    /// Every call answers 503.
    pub down: bool,
    /// Every call answers 403.
    pub forbidden: bool,
    /// 5xx answers are a front door's HTML instead of JSON. Undocumented.
    pub html_errors: bool,
    /// Network addresses of each machine in an answer. Real machines have up to about a hundred, of 105 bytes each.
    pub addresses_per_machine: usize,
    /// Milliseconds between receiving a call and counting it.
    pub count_delay_ms: u64,
    /// Milliseconds between counting a call and answering it.
    pub latency_ms: u64,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            calls_per_minute: 100,
            calls_per_hour: 1_500,
            machines_per_call: 500,
            window: WindowKind::Sliding,
            refused_calls_count: true,
            retry_after_missing: false,
            unknown: BTreeSet::new(),
            unknown_prefix: Some("dead".to_owned()),
            unknown_listed: UnknownListed::All,
            unknown_status: 400,
            unknown_code: "InvalidInput".to_owned(),
            refused_machines: BTreeSet::new(),
            broken_machines: BTreeSet::new(),
            listed: Listed::All,
            unlisted: BTreeSet::new(),
            duplicates_refused: false,
            tag_case_matters: true,
            token_life_s: 3_599,
            token_expires_in_as_string: false,
            roles: vec!["Machine.ReadWrite.All".to_owned()],
            web_identity: WebIdentity::Given,
            down: false,
            forbidden: false,
            html_errors: false,
            addresses_per_machine: 1,
            count_delay_ms: 0,
            latency_ms: 0,
        }
    }
}

impl Switches {
    pub(crate) fn limits(&self) -> Limits {
        Limits { kind: self.window, per_minute: self.calls_per_minute, per_hour: self.calls_per_hour }
    }

    pub(crate) fn knows(&self, machine: &str) -> bool {
        let hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let well_formed = machine.len() == 40 && machine.bytes().all(hex);
        let ruled_out = self.unknown_prefix.as_ref().is_some_and(|prefix| machine.starts_with(prefix));
        well_formed && !ruled_out && !self.unknown.contains(machine)
    }
}

/// What the windows enforce.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Sliding or fixed.
    pub kind: WindowKind,
    /// Calls in 60 seconds.
    pub per_minute: usize,
    /// Calls in 3,600 seconds.
    pub per_hour: usize,
}

/// How a window moves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WindowKind {
    /// Any stretch of that length, both ends included.
    #[default]
    Sliding,
    /// Each full minute and hour of the clock.
    Fixed,
}

/// What `GetWebIdentityToken` comes to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WebIdentity {
    /// A signed identity.
    #[default]
    Given,
    /// The account has outbound identity federation switched off.
    Disabled,
    /// The role may not ask for one.
    Denied,
    /// A server error.
    Down,
}

/// Which unknown ids an answer names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnknownListed {
    /// Every one of the call.
    #[default]
    All,
    /// Only the first.
    First,
    /// None; the text does not say which.
    None,
}

/// Which machines a 200 lists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Listed {
    /// Every machine of the call.
    #[default]
    All,
    /// Those whose tags changed.
    OnlyChanged,
}
