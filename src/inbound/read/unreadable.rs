//! Why a body cannot be read.

/// Why a body is no request.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// It is not JSON.
    #[error("the body is not well-formed JSON: {problem}, at byte {offset}")]
    Malformed {
        /// Where, in bytes from the start.
        offset: usize,
        /// What is wrong there.
        problem: String,
    },
    /// A field is wrong.
    #[error("{field}: {problem}")]
    Invalid {
        /// The field, with the position in a list.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// It names too many machines.
    #[error("a request names at most {allowed} machines, this one {asked}: send several requests")]
    TooManyMachines {
        /// Machines named.
        asked: usize,
        /// Machines allowed.
        allowed: u32,
    },
    /// It has more of something than is read.
    #[error("a delivery has at most {allowed} {what}, this one {found}: send several")]
    TooMuch {
        /// Of what.
        what: &'static str,
        /// How many it has.
        found: usize,
        /// How many it may have.
        allowed: usize,
    },
    /// No machine id is where one can be.
    #[error("no machine id (40 hexadecimal digits); looked at {places}")]
    NoMachine {
        /// Where it was looked for.
        places: String,
    },
    /// The event is too old, or yet to come.
    #[error("the event's own time is more than {within_hours} {hours} ago, or in the future: send a new event", hours = if *within_hours == 1 { "hour" } else { "hours" })]
    WrongTime {
        /// Hours an event may be old.
        within_hours: u32,
    },
}

impl Unreadable {
    /// This field is wrong.
    pub(super) fn invalid(field: &str, problem: impl std::fmt::Display) -> Self {
        Self::Invalid { field: field.into(), problem: problem.to_string() }
    }
}
