//! The permit: the right to make one call.

use super::spans::USE_BY_S;
use crate::domain::values::Timestamp;

/// The right to make one call within [`USE_BY_S`] seconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Permit {
    /// The second it is counted in, since the Unix epoch.
    pub second: i64,
}

impl Permit {
    /// Whether a call may still be written to the wire with it.
    pub fn is_usable_at(self, now: Timestamp) -> bool {
        now < Timestamp::from_second(self.second + USE_BY_S)
    }
}
