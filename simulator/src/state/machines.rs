//! The machines and their tags. A machine appears here with its first tag and stays.

use std::collections::{BTreeMap, BTreeSet};

/// Tags by machine.
#[derive(Debug, Default)]
pub(crate) struct TaggedMachines {
    tags: BTreeMap<String, BTreeSet<String>>,
}

impl TaggedMachines {
    /// Machines that carry these tags.
    pub(crate) const fn of(tags: BTreeMap<String, BTreeSet<String>>) -> Self {
        Self { tags }
    }

    pub(crate) fn all(&self) -> &BTreeMap<String, BTreeSet<String>> {
        &self.tags
    }

    pub(crate) fn tags_of(&self, machine: &str) -> BTreeSet<String> {
        self.tags.get(machine).cloned().unwrap_or_default()
    }

    /// Whether the tag was not there before.
    pub(crate) fn add(&mut self, machine: &str, tag: &str, case_matters: bool) -> bool {
        let tags = self.tags.entry(machine.to_owned()).or_default();
        !tags.iter().any(|have| same(have, tag, case_matters)) && tags.insert(tag.to_owned())
    }

    /// Whether the tag was there before.
    pub(crate) fn remove(&mut self, machine: &str, tag: &str, case_matters: bool) -> bool {
        let Some(tags) = self.tags.get_mut(machine) else { return false };
        let before = tags.len();
        tags.retain(|have| !same(have, tag, case_matters));
        tags.len() < before
    }
}

fn same(one: &str, other: &str, case_matters: bool) -> bool {
    one == other || (!case_matters && one.to_lowercase() == other.to_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn adding_twice_and_removing_what_is_absent_change_nothing() {
        let mut machines = TaggedMachines::default();
        assert!(machines.add("m", "vip", true));
        assert!(!machines.add("m", "vip", true));
        assert!(!machines.remove("m", "VIP", true));
        assert!(!machines.remove("other", "vip", true));
        assert_eq!(machines.tags_of("m"), BTreeSet::from(["vip".to_owned()]));
    }

    #[test]
    fn case_can_be_ignored() {
        let mut machines = TaggedMachines::default();
        assert!(machines.add("m", "vip", false));
        assert!(!machines.add("m", "VIP", false));
        assert!(machines.remove("m", "ViP", false));
        assert!(machines.all()["m"].is_empty());
    }
}
