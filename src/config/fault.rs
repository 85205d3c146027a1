//! What is wrong with a configuration.

use std::fmt;

/// One variable at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The variable's name.
    pub variable: &'static str,
    /// What is wrong and what would be right. Never holds a secret's value.
    pub problem: String,
}

/// A configuration that cannot work: every variable at fault.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(pub Vec<Fault>);

impl ConfigError {
    /// A configuration with one fault.
    pub fn one(variable: &'static str, problem: impl Into<String>) -> Self {
        Self(vec![Fault { variable, problem: problem.into() }])
    }

    /// What there is, or a note of its faults.
    pub fn unless<T>(&mut self, result: Result<T, Self>) -> Option<T> {
        result.map_err(|more| self.0.extend(more.0)).ok()
    }

    /// The same with the faults of another.
    #[must_use]
    pub fn and(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the configuration cannot work:")?;
        self.0.iter().try_for_each(|fault| write!(f, "\n  {}: {}", fault.variable, fault.problem))
    }
}

impl std::error::Error for ConfigError {}
