//! The budget as it is configured: the limits, and a reserve that follows them unless it is set.

use crate::domain::budget::{Limits, Quota, ReserveTooLarge, usual_reserve};

/// What is configured of a budget.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Budget {
    /// Calls in each window.
    pub calls: Quota,
    /// Of the minute's calls those that only urgent requests may use, if that is set.
    pub reserve_per_minute: Option<u32>,
    /// The same of the hour's.
    pub reserve_per_hour: Option<u32>,
}

impl Budget {
    /// The limits it comes to.
    pub fn limits(&self) -> Result<Limits, ReserveTooLarge> {
        let usual = usual_reserve(self.calls);
        let reserve = Quota {
            per_minute: self.reserve_per_minute.unwrap_or(usual.per_minute),
            per_hour: self.reserve_per_hour.unwrap_or(usual.per_hour),
        };
        Limits::new(self.calls, reserve)
    }
}
