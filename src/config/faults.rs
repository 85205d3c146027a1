//! What is wrong with a configuration. All parsers note their faults in one collector, so that one message names every
//! fault with its place.
//!
//! Invariant: a fault shows no text of the configuration except names that were checked, because any other text may
//! be a secret in the wrong place.

use std::cell::RefCell;
use std::fmt;

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigFault {
    /// Where it is: a variable, and the path in its text. Empty for a text as a whole.
    pub place: String,
    /// What is wrong and what would be right.
    pub problem: String,
}

/// A configuration that cannot work: every fault in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Vec<ConfigFault>);

/// The collector of faults.
#[derive(Debug, Default)]
pub struct Faults(RefCell<Vec<ConfigFault>>);

/// A fault was found, and the collector has it. Only the collector makes one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Noted(());

impl Faults {
    /// Notes a fault.
    pub fn note(&self, place: impl Into<String>, problem: impl Into<String>) -> Noted {
        self.0.borrow_mut().push(ConfigFault { place: place.into(), problem: problem.into() });
        Noted(())
    }

    /// Returns the value, or notes its faults and returns nothing.
    pub fn take<T>(&self, result: Result<T, ConfigError>) -> Option<T> {
        result.map_err(|error| self.0.borrow_mut().extend(error.0)).ok()
    }

    /// Whether something is wrong at exactly this place.
    pub fn has(&self, place: &str) -> bool {
        self.0.borrow().iter().any(|fault| fault.place == place)
    }

    /// The value that was read, if there is no fault at all.
    pub fn unless<T>(self, value: Option<T>) -> Result<T, ConfigError> {
        let faults = self.0.into_inner();
        value.filter(|_| faults.is_empty()).ok_or(ConfigError(faults))
    }
}

impl ConfigError {
    /// A configuration with one fault.
    pub fn one(place: impl Into<String>, problem: impl Into<String>) -> Self {
        Self(vec![ConfigFault { place: place.into(), problem: problem.into() }])
    }

    /// The same with the faults of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The same faults, in the text that this variable gives.
    #[must_use]
    pub fn within(mut self, variable: &str) -> Self {
        for fault in &mut self.0 {
            fault.place = match fault.place.as_str() {
                "" => variable.to_owned(),
                place => format!("{variable}: {place}"),
            };
        }
        self
    }

    /// Each fault.
    pub fn faults(&self) -> &[ConfigFault] {
        &self.0
    }
}

impl fmt::Display for ConfigFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place.as_str() {
            "" => f.write_str(&self.problem),
            place => write!(f, "{place}: {}", self.problem),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot work:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
    }
}

impl std::error::Error for ConfigError {}
