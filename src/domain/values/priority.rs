//! The class of a request: whether it may use the budget's reserve.

/// The class of a request. `Urgent` sorts first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Priority {
    /// May use the whole budget.
    Urgent,
    /// Leaves the reserve untouched.
    Routine,
}

impl Priority {
    /// Reads `urgent` or `routine`.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "urgent" => Some(Self::Urgent),
            "routine" => Some(Self::Routine),
            _ => None,
        }
    }

    /// `urgent` or `routine`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Urgent => "urgent",
            Self::Routine => "routine",
        }
    }

    /// The lower of the two classes, because a request may lower its source's class but never raise it.
    #[must_use]
    pub fn lowered_to(self, asked: Option<Self>) -> Self {
        asked.map_or(self, |asked| self.max(asked))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_priority_can_be_lowered_but_not_raised() {
        assert_eq!(Priority::Urgent.lowered_to(Some(Priority::Routine)), Priority::Routine);
        assert_eq!(Priority::Routine.lowered_to(Some(Priority::Urgent)), Priority::Routine);
        assert_eq!(Priority::Urgent.lowered_to(None), Priority::Urgent);
    }
}
