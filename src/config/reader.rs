//! Reading variables, one by one. What is wrong is noted and reading goes on, so that one message can name it all.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use secrecy::SecretString;

use super::places::{ProofAt, SecretAt, SourcesAt};
use super::{Fault, Variables};

/// The ways of proving the app; exactly one is to be set.
const PROOFS: [&str; 5] = [
    "FEDERATED_AUDIENCE",
    "CLIENT_CERTIFICATE_ARN",
    "CLIENT_CERTIFICATE",
    "CLIENT_SECRET_ARN",
    "CLIENT_SECRET",
];

pub(super) struct Reader<'a> {
    variables: &'a Variables,
    pub(super) faults: Vec<Fault>,
    /// The names that were asked for, there or not.
    pub(super) asked: BTreeSet<&'static str>,
}

impl<'a> Reader<'a> {
    pub(super) const fn new(variables: &'a Variables) -> Self {
        Self { variables, faults: Vec::new(), asked: BTreeSet::new() }
    }

    pub(super) fn get(&mut self, name: &'static str) -> Option<String> {
        self.asked.insert(name);
        self.variables.get(name).filter(|value| !value.trim().is_empty()).cloned()
    }

    pub(super) fn fault(&mut self, variable: &'static str, problem: impl Into<String>) {
        self.faults.push(Fault { variable, problem: problem.into() });
    }

    pub(super) fn required(&mut self, name: &'static str) -> String {
        self.get(name).unwrap_or_else(|| {
            self.fault(name, "is required");
            String::new()
        })
    }

    /// A tenant's or an app's id becomes part of an address: a GUID or a domain name, nothing else.
    pub(super) fn identifier(&mut self, name: &'static str) -> String {
        let value = self.required(name);
        if !value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.') {
            self.fault(name, "must be a GUID or a domain name");
        }
        value
    }

    pub(super) fn number(&mut self, name: &'static str, default: u32, range: RangeInclusive<u32>) -> u32 {
        let Some(text) = self.get(name) else { return default };
        match text.trim().parse() {
            Ok(number) if range.contains(&number) => number,
            _ => {
                self.fault(name, format!("must be a whole number from {} to {}", range.start(), range.end()));
                default
            }
        }
    }

    /// The one variable of these that is set.
    fn one_of<const N: usize>(&mut self, names: [&'static str; N]) -> Option<(&'static str, String)> {
        let set: Vec<_> = names.iter().filter_map(|&name| Some((name, self.get(name)?))).collect();
        if let [one] = set.as_slice() {
            return Some(one.clone());
        }
        let problem = format!("exactly one of {} must be set", names.join(", "));
        for name in names.into_iter().filter(|name| set.is_empty() || set.iter().any(|(n, _)| n == name)) {
            self.fault(name, problem.clone());
        }
        None
    }

    /// How the app proves who it is.
    pub(super) fn proof(&mut self) -> ProofAt {
        let at = |is_arn: bool, text: String| {
            if is_arn { SecretAt::SecretsManager(text) } else { SecretAt::Inline(text.into()) }
        };
        match self.one_of(PROOFS) {
            Some(("FEDERATED_AUDIENCE", audience)) => ProofAt::Federated { audience },
            Some((name @ ("CLIENT_CERTIFICATE_ARN" | "CLIENT_CERTIFICATE"), text)) => {
                ProofAt::Certificate(at(name.ends_with("_ARN"), text))
            }
            Some((name, text)) => ProofAt::Secret(at(name.ends_with("_ARN"), text)),
            None => ProofAt::Secret(SecretAt::Inline(SecretString::default())),
        }
    }

    pub(super) fn sources(&mut self) -> SourcesAt {
        match self.one_of(["SOURCES_ARN", "SOURCES_FILE", "SOURCES"]) {
            Some(("SOURCES_ARN", arn)) => SourcesAt::Secret(SecretAt::SecretsManager(arn)),
            Some(("SOURCES_FILE", path)) => SourcesAt::File(path),
            Some((_, json)) => SourcesAt::Secret(SecretAt::Inline(json.into())),
            None => SourcesAt::File(String::new()),
        }
    }
}
